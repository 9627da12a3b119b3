/** What a linter of templates found, in the same words for all of them. */
export interface Finding {
  readonly rule: string;
  /** The logical id of the resource; the name of the template where the tool names none. */
  readonly resource: string;
  readonly detail: string;
}

export interface Accepted {
  readonly rule: string;
  /** What the logical ids of the resources look like; the finding at any other resource still fails. */
  readonly resources: RegExp;
  readonly reason: string;
}

/** A sentence for each finding that nothing accepts, and for each acceptance that fits no finding. */
export const faultsOf = (findings: readonly Finding[], accepted: readonly Accepted[]): string[] => {
  const accepts = ({ rule, resources }: Accepted, finding: Finding): boolean =>
    rule === finding.rule && resources.test(finding.resource);
  return [
    ...findings
      .filter((finding) => !accepted.some((one) => accepts(one, finding)))
      .map(({ rule, resource, detail }) => `${rule} at ${resource}: ${detail}`),
    ...accepted
      .filter((one) => !findings.some((finding) => accepts(one, finding)))
      .map(({ rule, resources }) => `${rule} is accepted at ${resources.source}, where nothing is found: take it out`),
  ];
};

interface LintMatch {
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Filename: string;
  readonly Location: { readonly Path: readonly (string | number)[] | null };
}

/** The findings in what `cfn-lint --format json` prints. Throws SyntaxError for what is not its report. */
export const lintFindings = (report: string): Finding[] =>
  (JSON.parse(report) as readonly LintMatch[]).map(({ Rule, Message, Filename, Location }) => {
    const [section, id] = Location.Path ?? [];
    return { rule: Rule.Id, resource: section === 'Resources' && id !== undefined ? String(id) : Filename, detail: Message };
  });

interface CheckovReport {
  readonly results: {
    readonly passed_checks: readonly unknown[];
    readonly failed_checks: readonly { readonly check_id: string; readonly check_name: string; readonly resource: string }[];
    readonly parsing_errors: readonly string[];
  };
}

/**
 * The findings in what `checkov --output json` prints of one template.
 * @throws SyntaxError, TypeError for what is not its report; Error when it could not read the template or checked nothing
 */
export const checkovFindings = (report: string): Finding[] => {
  const { passed_checks, failed_checks, parsing_errors } = (JSON.parse(report) as CheckovReport).results;
  if (parsing_errors.length > 0) throw new Error(`checkov cannot read ${parsing_errors.join(', ')}`);
  if (passed_checks.length + failed_checks.length === 0) throw new Error('checkov checked nothing');
  return failed_checks.map(({ check_id, check_name, resource }) => ({
    rule: check_id,
    // `AWS::S3::Bucket.LogicalId`
    resource: resource.slice(resource.lastIndexOf('.') + 1),
    detail: check_name,
  }));
};
