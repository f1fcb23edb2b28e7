"use strict";
// Starts `lakewright lsp` for the folders that are open, and shows what it says.

const { workspace, window } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = async () => {
  const settings = workspace.getConfiguration("lakewright");
  const mesh = settings.get("mesh");
  const server = { command: settings.get("path") || "lakewright", args: ["lsp"] };
  client = new LanguageClient("lakewright", "Lakewright", server, {
    documentSelector: [{ scheme: "file", language: "yaml" }],
    initializationOptions: mesh ? { mesh } : {},
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.{yaml,yml}") },
  });
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(`${server.command} lsp does not start: ${error.message}`);
  }
};

exports.deactivate = () => client?.stop();
