import type * as Swagger from '@nestjs/swagger';

type Library = typeof Swagger;
type Describing =
  | 'ApiBearerAuth'
  | 'ApiBody'
  | 'ApiConsumes'
  | 'ApiExcludeController'
  | 'ApiExcludeEndpoint'
  | 'ApiHeader'
  | 'ApiOperation'
  | 'ApiQuery'
  | 'ApiResponse'
  | 'ApiTags';
type Decorator = (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => void;

const waiting: ((library: Library) => void)[] = [];

/*
 * The decorators of @nestjs/swagger under their own names, which describe nothing until somebody asks for the document: the
 * library is 550 files, 20 MB and a fifth of the time of a start.
 */
const later =
  <Name extends Describing>(name: Name) =>
  (...options: Parameters<Library[Name]>): MethodDecorator & ClassDecorator =>
  (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    waiting.push((library) => {
      const make = library[name] as (...options: unknown[]) => Decorator;
      make(...options)(target, key, descriptor);
    });
  };

export const ApiBearerAuth = later('ApiBearerAuth');
export const ApiBody = later('ApiBody');
export const ApiConsumes = later('ApiConsumes');
export const ApiExcludeController = later('ApiExcludeController');
export const ApiExcludeEndpoint = later('ApiExcludeEndpoint');
export const ApiHeader = later('ApiHeader');
export const ApiOperation = later('ApiOperation');
export const ApiQuery = later('ApiQuery');
export const ApiResponse = later('ApiResponse');
export const ApiTags = later('ApiTags');

/** Describes what waits to be described, and gives the library to make a document with. */
export async function describeApi(): Promise<Library> {
  const library = await import('@nestjs/swagger');
  for (const describe of waiting.splice(0)) describe(library);
  return library;
}
