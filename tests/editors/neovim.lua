-- Drives `lakewright lsp` from a headless Neovim (0.7 and later): findings, navigation, renaming, hover.
-- Run by `cargo xtask editors` with the environment variables PROGRAM and MESH.

local program, mesh = os.getenv("PROGRAM"), os.getenv("MESH")

local function fail(text)
  io.stderr:write("neovim: " .. text .. "\n")
  vim.cmd("cquit 1")
end

local function check(condition, text)
  if not condition then
    fail(text)
  end
end

-- Waits until a question has the answer `true`.
local function await(text, question)
  check(vim.wait(60000, question, 50), "nothing came: " .. text)
end

local client = vim.lsp.start_client({
  name = "lakewright",
  cmd = { program, "lsp" },
  root_dir = mesh,
  workspace_folders = { { uri = vim.uri_from_fname(mesh), name = "mesh" } },
})
check(client, "the client does not start")

local function open(name)
  vim.cmd("edit " .. mesh .. "/" .. name)
  local buffer = vim.api.nvim_get_current_buf()
  vim.lsp.buf_attach_client(buffer, client)
  return buffer
end

local function ask(buffer, method, parameters)
  local answers = vim.lsp.buf_request_sync(buffer, method, parameters, 60000)
  check(answers and answers[client], method .. " has no answer")
  check(not answers[client].error, method .. ": " .. vim.inspect(answers[client].error))
  return answers[client].result
end

local function position(buffer, line, character)
  return {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    position = { line = line, character = character },
  }
end

local sales = open("sales.yaml")
local shares = open("shares.yaml")
await("the server", function()
  return vim.lsp.get_client_by_id(client) and vim.lsp.get_client_by_id(client).initialized
end)

-- A reference that leads nowhere is marked in the file that has it, which is not the one that is edited.
vim.api.nvim_buf_set_lines(sales, 1, 2, false, { "id: orders" })
await("a finding in the other file", function()
  return #vim.diagnostic.get(shares) == 1
end)
check(vim.diagnostic.get(shares)[1].code == "still-in-use", vim.inspect(vim.diagnostic.get(shares)))
vim.api.nvim_buf_set_lines(sales, 1, 2, false, { "id: sales" })
await("the end of the finding", function()
  return #vim.diagnostic.get(shares) == 0
end)

local found = ask(shares, "textDocument/definition", position(shares, 2, 11))
check(found[1].uri == vim.uri_from_bufnr(sales), vim.inspect(found))

local hover = ask(sales, "textDocument/hover", position(sales, 1, 5))
check(hover.contents.value:find("Readers"), vim.inspect(hover))

local rename = position(shares, 2, 11)
rename.newName = "orders"
local encoding = vim.lsp.get_client_by_id(client).offset_encoding or "utf-16"
vim.lsp.util.apply_workspace_edit(ask(shares, "textDocument/rename", rename), encoding)
check(vim.api.nvim_buf_get_lines(sales, 1, 2, false)[1] == "id: orders", "the id was not renamed")
check(vim.api.nvim_buf_get_lines(shares, 2, 3, false)[1] == "dataset: orders", "the reference was not renamed")
await("no finding after the rename", function()
  return #vim.diagnostic.get(shares) == 0 and #vim.diagnostic.get(sales) == 0
end)
io.stdout:write("neovim " .. vim.inspect(vim.version().minor) .. ": as expected\n")
vim.cmd("qall!")
