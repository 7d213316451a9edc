import 'graphiql/style.css';
import './graphiql.css';

import { GraphiQL } from 'graphiql';
import { buildSchema, getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-sse';
import { createRoot } from 'react-dom/client';

const WELCOME = `# Signalbox
#
# Put your token into the headers below.
# Then run this with Ctrl-Enter.

query Newest {
  orders(first: 10) {
    totalCount
    nodes {
      number
      status
      provider { name }
      attempts { provider { name } outcome reason responseMs }
    }
  }
}

subscription Journal {
  eventAppended { position stream type payload recordedAt }
}
`;

const HEADERS = '{\n  "Authorization": "Bearer "\n}';

function isSubscription({ query, operationName }) {
  return getOperationAST(parse(query), operationName)?.operation === 'subscription';
}

async function ask(request, headers) {
  const answer = await fetch('/graphql', {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
    body: JSON.stringify(request),
  });
  return answer.json();
}

function follow(request, headers) {
  const client = createClient({ url: '/graphql/stream', headers, retryAttempts: 0 });
  return client.iterate(request);
}

function fetcher(request, { headers = {} } = {}) {
  return isSubscription(request) ? follow(request, headers) : ask(request, headers);
}

// Not by introspection, which would need the token before it can be typed in.
const schema = await fetch('/graphiql/schema.graphql').then((answer) => answer.text());

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    schema={buildSchema(schema)}
    defaultQuery={WELCOME}
    defaultHeaders={HEADERS}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders={false}
  />,
);
