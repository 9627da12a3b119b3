import ts from 'typescript-api';

/**
 * Finds code by its syntax: whatever its file, its formatting, its comments, its types and the names of its local variables. A pattern is
 * an expression or one statement. In it `$NAME` stands for any expression, the same one wherever it stands; in an object, `...$REST`
 * stands for all properties that the pattern does not name, and the order of properties does not matter.
 */
export interface Found {
  readonly start: number;
  readonly end: number;
  /** The text of what each `$NAME` stands for. */
  readonly bound: ReadonlyMap<string, string>;
}

export const parsed = (file: string, text: string): ts.SourceFile =>
  ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);

/** Every place in a source that a pattern fits. With `within`, only places inside a function, method or constant of that name. */
export const findIn = (source: ts.SourceFile, pattern: string, within?: string): readonly Found[] => {
  const found: Found[] = [];
  const wanted = patternNode(pattern);
  const visit = (node: ts.Node, isInside: boolean): void => {
    const isWithin = isInside || nameOf(node) === within;
    if (isWithin && bare(node) === node) {
      const bound = new Map<string, string>();
      if (fits(wanted, node, bound)) found.push({ start: node.getStart(source), end: node.end, bound });
    }
    ts.forEachChild(node, (child) => visit(child, isWithin));
  };
  visit(source, within === undefined);
  return found;
};

/** The replacement for a place: `$NAME` becomes what it stands for. An expression is put in parentheses. */
export const replacementFor = (pattern: string, replacement: string, { bound }: Found): string => {
  const text = replacement.replaceAll(/\$[A-Z]+/g, (name) => {
    const value = bound.get(name);
    if (value === undefined) throw new RangeError(`the pattern binds no ${name}: ${pattern}`);
    return value;
  });
  return ts.isExpression(patternNode(pattern)) ? `(${text})` : text;
};

/** Whether a source may hold the pattern, by its words alone: most files need no parsing. */
export const mayHold = (text: string, pattern: string): boolean =>
  (pattern.match(/(?<![$\w])[A-Za-z]\w+/g) ?? []).every((word) => text.includes(word));

const patternNodes = new Map<string, ts.Node>();

const patternNode = (pattern: string): ts.Node => {
  const known = patternNodes.get(pattern) ?? parsedPattern(pattern);
  patternNodes.set(pattern, known);
  return known;
};

const parsedPattern = (pattern: string): ts.Node => {
  for (const text of [`(${pattern})`, pattern]) {
    const source = parsed('pattern.ts', text) as ts.SourceFile & { readonly parseDiagnostics: readonly unknown[] };
    const [statement, more] = source.statements;
    if (source.parseDiagnostics.length > 0 || statement === undefined || more !== undefined) continue;
    return ts.isExpressionStatement(statement) ? bare(statement.expression) : statement;
  }
  throw new RangeError(`a pattern is one expression or one statement: ${pattern}`);
};

const fits = (wanted: ts.Node, given: ts.Node, bound: Map<string, string>): boolean => {
  const pattern = bare(wanted);
  const node = bare(given);
  if (ts.isIdentifier(pattern) && pattern.text.startsWith('$')) return binds(pattern.text, given.getText(), bound);
  if (pattern.kind !== node.kind) return false;
  if (ts.isObjectLiteralExpression(pattern)) return objectFits(pattern, node as ts.ObjectLiteralExpression, bound);
  if (ownText(pattern) !== ownText(node)) return false;
  const parts = partsOf(pattern);
  const others = partsOf(node);
  return parts.length === others.length && parts.every((part, i) => fits(part, others[i]!, bound));
};

const objectFits = (
  { properties }: ts.ObjectLiteralExpression,
  given: ts.ObjectLiteralExpression,
  bound: Map<string, string>,
): boolean => {
  const left = [...given.properties];
  let rest: string | null = null;
  for (const property of properties) {
    if (ts.isSpreadAssignment(property) && property.expression.getText().startsWith('$')) {
      rest = property.expression.getText();
      continue;
    }
    const at = left.findIndex((one) => fits(property, one, bound));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  if (rest === null) return left.length === 0;
  return binds(rest, left.map((one) => one.getText()).join(', '), bound);
};

const binds = (name: string, text: string, bound: Map<string, string>): boolean => {
  const known = bound.get(name);
  if (known === undefined) bound.set(name, text);
  return known === undefined || known === text;
};

/** Without what changes no meaning: parentheses, and assertions about types. */
const bare = (node: ts.Node): ts.Node =>
  ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)
    ? bare(node.expression)
    : node;

const partsOf = (node: ts.Node): readonly ts.Node[] => {
  const parts: ts.Node[] = [];
  ts.forEachChild(node, (part) => {
    if (!ts.isTypeNode(part)) parts.push(part);
  });
  return parts;
};

const ownText = (node: ts.Node): string => {
  if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node) || ts.isLiteralExpression(node)) return node.text;
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return String(node.operator);
  return ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node) ? node.text : '';
};

const nameOf = (node: ts.Node): string | undefined => {
  const named =
    ts.isFunctionDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isClassDeclaration(node);
  return named && node.name !== undefined ? node.name.getText() : undefined;
};
