import type { ComponentChildren } from 'preact';
import { Words } from './text.js';

/** Fields that travel with a form unseen; the ones that have no value are left out. */
export function Hidden({ fields }: { fields: Readonly<Record<string, string | undefined>> }) {
  return (
    <>
      {Object.entries(fields).map(
        ([name, value]) =>
          value !== undefined && <input key={name} type="hidden" name={name} value={value} />,
      )}
    </>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  readonly value?: string | undefined;
  readonly autocomplete: string;
  readonly required?: boolean;
  readonly error?: string | undefined;
  /** The id of text elsewhere that is about this field too. */
  readonly describedBy?: string | undefined;
  readonly invalid?: boolean;
  readonly hint?: ComponentChildren;
  readonly code?: boolean;
}

/** A labelled input whose error and hint are read out with it. */
export function Field(field: FieldProps) {
  const { name, label, error, hint, describedBy, code = false } = field;
  // Preact's types take one input type at a time.
  const type = (field.type ?? 'text') as 'text';
  const about = [error && `${name}-error`, hint && `${name}-hint`, describedBy].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {error && (
        <p class="field-error" id={`${name}-error`}>
          <Words of={error} />
        </p>
      )}
      <input
        id={name}
        name={name}
        type={type}
        value={field.value}
        autocomplete={field.autocomplete}
        autocapitalize={code ? 'characters' : field.type ? 'none' : 'words'}
        autocorrect="off"
        spellcheck={false}
        required={field.required ?? true}
        class={code ? 'big-code' : undefined}
        dir={code ? 'ltr' : 'auto'}
        aria-invalid={(error ?? field.invalid) ? 'true' : undefined}
        aria-describedby={about || undefined}
      />
      {hint && (
        <div class="hint" id={`${name}-hint`}>
          {hint}
        </div>
      )}
    </div>
  );
}

interface SummaryProps {
  readonly children: ComponentChildren;
  readonly title: string;
}

/** What went wrong, before all else: it takes the focus when the page opens, without a script. */
export function ErrorSummary({ title, children }: SummaryProps) {
  return (
    <div class="errors" id="errors" role="alert" tabindex={-1} autofocus>
      <h2>
        <Words of={title} />
      </h2>
      {children}
    </div>
  );
}
