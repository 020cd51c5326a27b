// Judges requests with iam-simulate: one line of JSON in (a list of requests), one line out (a list of outcomes).
// A process of its own: the engine is a development tool under the AGPL, and nothing here is deployed.
import { createInterface } from 'node:readline';
import { runSimulation } from '@cloud-copilot/iam-simulate';

// The engine takes no key whose variable part follows a colon, gives what a token said to no request of its session, an
// access point's keys to none of its bucket, and what is sent to assume a role not to the actions asked beside it. In its
// evaluation, a tag of the principal's is the same.
const ALIAS = 'aws:PrincipalTag/of-the-request/';
const ALIASED = /^(?:kms:EncryptionContext:|saml:|sts:|s3:(?:Data)?AccessPoint|[^:]*\.[^:]*:)/i;
const VARIABLE = /\$\{([^},]*)/g;

const LAYERS = {
  identity: 'identityAnalysis',
  boundary: 'permissionBoundaryAnalysis',
  resource: 'resourceAnalysis',
  session: 'sessionAnalysis',
  scp: 'scpAnalysis',
  rcp: 'rcpAnalysis',
  endpoint: 'endpointAnalysis',
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
    identityPolicies: aliasedAll(identity),
    permissionBoundaryPolicies: boundary ? [{ ...boundary, policy: withAliases(boundary.policy) }] : undefined,
    resourcePolicy: resourcePolicy ? withAliases(onlyThisRole(resourcePolicy, request)) : undefined,
    sessionPolicy: request.session ? withAliases(request.session) : undefined,
    serviceControlPolicies: levels(request.scps),
    resourceControlPolicies: levels(request.rcps),
    vpcEndpointPolicies: request.endpoint.length ? aliasedAll(request.endpoint) : undefined,
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
      .filter(([name, key]) => analysis[key] && given(name, request))
      .map(([name, key]) => ({
        name,
        result: analysis[key].result,
        // Control policies are analysed level by level.
        statements: (analysis[key].ouAnalysis ?? [analysis[key]])
          .filter(({ orgIdentifier }) => !orgIdentifier || orgIdentifier.startsWith('level-'))
          .flatMap((each) => statements(each, Number((each.orgIdentifier ?? 'level-0').slice(6)))),
      })),
    conditions: analysis.conditions && JSON.parse(JSON.stringify(analysis.conditions).replaceAll(ALIAS, '')),
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
  return ALIASED.test(key) ? ALIAS + key : key;
}

function withAliases(policy) {
  const keys = (block) => Object.fromEntries(Object.entries(block).map(([key, values]) => [aliased(key), values]));
  const text = JSON.stringify(policy.Statement).replace(VARIABLE, (_, key) => '${' + aliased(key.trim()));
  const Statement = JSON.parse(text).map((each) => {
    if (!each.Condition) return each;
    const Condition = Object.fromEntries(Object.entries(each.Condition).map(([name, block]) => [name, keys(block)]));
    return { ...each, Condition };
  });
  return { ...policy, Statement };
}

function given(name, { scps, rcps }) {
  return (name !== 'scp' || scps.length > 0) && (name !== 'rcp' || rcps.length > 0);
}

function aliasedAll(policies) {
  return policies.map(({ name, policy }) => ({ name, policy: withAliases(policy) }));
}

function levels(all) {
  return all.map((level, number) => ({ orgIdentifier: `level-${number}`, policies: aliasedAll(level) }));
}

function statements({ allowStatements, denyStatements, unmatchedStatements }, level) {
  // AWS's own statement, which allows everything at each level of resource control policies, is not among those given.
  const all = [...allowStatements, ...denyStatements, ...unmatchedStatements];
  const ours = all.filter(({ explain }) => /^n[0-9]+$/.test(explain.identifier));
  return ours.map(({ policyId, explain }) => ({
    level,
    policy: policyId ?? null,
    identifier: explain.identifier,
    effect: explain.effect,
    matches: explain.matches,
    action: explain.actionMatch,
    resource: explain.resourceMatch,
    principal: explain.principalMatch !== 'NoMatch',
    conditions: (explain.conditions ?? []).map((condition) => ({
      operator: condition.operator,
      key: condition.conditionKeyValue.replace(ALIAS, ''),
      wanted: [condition.values].flat().map((each) => each.value),
      given: condition.resolvedConditionKeyValue ?? null,
      matches: condition.matches,
    })),
  }));
}
