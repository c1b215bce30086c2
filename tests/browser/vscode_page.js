// A page that shows what cells put out by the widget manager that VS Code's Jupyter extension ships, on a kernel of a Jupyter server.
import { KernelManager, ServerConnection } from "@jupyterlab/services";
import { activate } from "@vscode/jupyter-ipywidgets8";

const VIEW = "application/vnd.jupyter.widget-view+json";
const scripts = {
  widgetsRegisteredInRequireJs: new Set(),
  errorHandler: (...said) => console.error("widget manager:", ...said.map(String)),
  successHandler: () => {},
  // as VS Code does: from where the kernel's environment keeps its notebook extensions
  loadWidgetScript: async (name) => window.requirejs.config({ paths: { [name]: `/nbextensions/${name}/index` } }),
};

/** Start a kernel, and return what runs code in it and shows what comes. */
window.start = async ({ baseUrl, token, name }) => {
  activate();
  window.vscIPyWidgets8.load();
  const serverSettings = ServerConnection.makeSettings({ baseUrl, wsUrl: baseUrl.replace("http", "ws"), token, appendToken: true });
  const kernel = await new KernelManager({ serverSettings }).startNew({ name });
  const manager = new window.vscIPyWidgets.WidgetManager(kernel, document.body, scripts, () => {});

  async function show(data, cell) {
    if (data[VIEW]) {
      const model = await manager.get_model(data[VIEW].model_id);
      await manager.display_view(undefined, await manager.create_view(model), { node: cell });
    } else if (data["text/html"]) {
      const html = document.createRange().createContextualFragment(data["text/html"]);
      cell.append(html);
    }
  }

  window.run = async (code) => {
    const cell = document.createElement("section");
    document.body.append(cell);
    const asked = kernel.requestExecute({ code });
    asked.onIOPub = ({ header, content }) => {
      if (header.msg_type === "error") console.error(content.ename, content.evalue);
      else if (content.data) show(content.data, cell);
    };
    return (await asked.done).content.status;
  };
};
