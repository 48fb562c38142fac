/**
 * TypeORM's Nest module keeps the entities of each data source by its name, for the whole process. The name keeps ours out
 * of the data sources of an application that this service is mounted in, and theirs out of ours.
 */
export const DATA_SOURCE = 'toolgate';
