// Judges requests with iam-simulate: one line of JSON in (a list of requests), one line out (a list of outcomes).
// A process of its own: the engine is a development tool under the AGPL, and nothing here is deployed.
import { createInterface } from 'node:readline';
import { runSimulation } from '@cloud-copilot/iam-simulate';

// The engine takes no key whose variable part follows a colon. In its evaluation, a tag of the principal's is the same.
const ALIAS = 'aws:PrincipalTag/of-the-encryption-context/';

const LAYERS = {
  identity: 'identityAnalysis',
  boundary: 'permissionBoundaryAnalysis',
  resource: 'resourceAnalysis',
};

for await (const line of createInterface({ input: process.stdin })) {
  const outcomes = [];
  for (const request of JSON.parse(line)) outcomes.push(await evaluated(request));
  process.stdout.write(JSON.stringify(outcomes) + '\n');
}

async function evaluated(request) {
  const { principal, action, resource, account, context, identity, boundary, resourcePolicy } = request;
  const simulation = {
    request: {
      principal,
      action,
      resource: { resource, accountId: account },
      contextVariables: Object.fromEntries(Object.entries(context).map(([key, value]) => [aliased(key), value])),
    },
    identityPolicies: identity.map(({ name, policy }) => ({ name, policy: withAliases(policy) })),
    permissionBoundaryPolicies: boundary ? [{ ...boundary, policy: withAliases(boundary.policy) }] : undefined,
    resourcePolicy: resourcePolicy ? withAliases(onlyThisRole(resourcePolicy, request)) : undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    additionalSettings: { s3: { blockPublicAccess: request.restrictsPublic, bucketAbacEnabled: true } },
  };
  const known = request.free ? Object.keys(context) : [];
  const options = request.free
    ? {
        // Every key that the request does not give is free; the answer then says what it must be.
        simulationMode: 'Discovery',
        discoveryContextKeyConstraints: known.map((key) => ({ keyName: aliased(key), presenceIsKnown: true, valueIsKnown: true })),
      }
    : {};
  const answer = await runSimulation(simulation, options);
  if (answer.resultType === 'error') return { error: answer.errors.message, details: answer.errors };
  if (answer.resultType !== 'single') return { error: 'wildcard' };
  const { analysis, ignoredContextKeys } = answer.result;
  return {
    result: analysis.result,
    ignored: ignoredContextKeys,
    layers: Object.entries(LAYERS)
      .filter(([, key]) => analysis[key])
      .map(([name, key]) => ({ name, result: analysis[key].result, statements: statements(analysis[key]) })),
    conditions: analysis.conditions,
  };
}

// A session's ARN has no path, so the engine takes a role of that name under any path for its role.
function onlyThisRole(policy, { principal, context }) {
  const role = context['aws:PrincipalArn'];
  if (!principal.includes(':assumed-role/') || !role) return policy;
  const [stem, name] = [role.slice(0, role.indexOf(':role/') + 6), role.slice(role.lastIndexOf('/'))];
  const other = (arn) => arn !== role && (arn.startsWith(stem) && (arn.endsWith(name) || `/${arn.slice(stem.length)}` === name));
  const kept = (value) => (Array.isArray(value) ? value.map(kept) : other(value) ? `${value}.under-another-path` : value);
  const Statement = policy.Statement.map((each) =>
    each.Principal?.AWS ? { ...each, Principal: { ...each.Principal, AWS: kept(each.Principal.AWS) } } : each,
  );
  return { ...policy, Statement };
}

function aliased(key) {
  return key.replace(/^kms:EncryptionContext:/i, ALIAS);
}

function withAliases(policy) {
  const keys = (block) => Object.fromEntries(Object.entries(block).map(([key, values]) => [aliased(key), values]));
  const Statement = policy.Statement.map((each) => {
    if (!each.Condition) return each;
    const Condition = Object.fromEntries(Object.entries(each.Condition).map(([name, block]) => [name, keys(block)]));
    return { ...each, Condition };
  });
  return { ...policy, Statement };
}

function statements({ allowStatements, denyStatements, unmatchedStatements }) {
  return [...allowStatements, ...denyStatements, ...unmatchedStatements].map(({ policyId, explain }) => ({
    policy: policyId ?? null,
    identifier: explain.identifier,
    effect: explain.effect,
    matches: explain.matches,
    action: explain.actionMatch,
    resource: explain.resourceMatch,
    principal: explain.principalMatch !== 'NoMatch',
    conditions: (explain.conditions ?? []).map((condition) => ({
      operator: condition.operator,
      key: condition.conditionKeyValue.replace(ALIAS, 'kms:EncryptionContext:'),
      wanted: [condition.values].flat().map((each) => each.value),
      given: condition.resolvedConditionKeyValue ?? null,
      matches: condition.matches,
    })),
  }));
}
