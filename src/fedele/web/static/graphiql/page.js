// Starts GraphiQL on the endpoint that the page names. A token may come in the fragment (#token=…), which is never sent.
(() => {
  const endpoint = document.body.dataset.endpoint;
  const samples = JSON.parse(document.getElementById("samples").textContent);
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  const headers = JSON.stringify({ Authorization: `Bearer ${token || "<your token>"}` }, null, 2);
  if (token) history.replaceState(null, "", location.pathname);
  const fetcher = GraphiQL.createFetcher({ url: endpoint });
  const page = React.createElement(GraphiQL, {
    fetcher,
    defaultHeaders: headers,
    defaultTabs: samples.map((sample) => ({ query: sample.query, headers })),
    defaultEditorToolsVisibility: "headers",
    shouldPersistHeaders: false,
  });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
})();
