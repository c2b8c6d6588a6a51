import Files
import LuaBridge

// Guard rails for a script that somebody sent. They keep an honest script from doing harm by mistake; they are no security: a hostile
// one belongs in a process, a container or a machine of its own.
extension Session {
  /// Takes away what reaches outside of the run's folder, and bounds Lua's instructions. For a run, before its script is read.
  public func confine(script: String, instructions: Int) throws {
    guard let results = self.folder else { throw LuaError("only a run is sandboxed") }
    let folder = script.lastIndex(of: "/").map { String(script[..<$0]) } ?? "."
    try Session.confine(lua, instructions: instructions)
    try FileGuard.confine(to: results, modules: [folder, Session.standardLibrary()])
    confinement = instructions
  }

  /// The same for one interpreter; files are the FileGuard's to say.
  static func confine(_ lua: Interpreter, instructions: Int) throws {
    let check = try lua.makeFunction("check") { (verb: String, path: String) throws -> Void in try FileGuard.check(verb, path) }
    try lua.load(sandbox, name: "=sandbox").call(check)
    lua.limitInstructions(instructions)
  }

  private static let sandbox = """
    local check = ...
    local type, error, ipairs, pairs, debug, io, os, package = type, error, ipairs, pairs, debug, io, os, package

    -- The system
    for _, name in ipairs{"execute", "remove", "rename", "tmpname", "setlocale", "getenv"} do os[name] = nil end

    -- Files: those of the run's folder
    local open, lines, input, output, loadfile, dofile = io.open, io.lines, io.input, io.output, loadfile, dofile
    io.popen, io.tmpfile = nil, nil
    local function guard(verb, path)
      if type(path) == "string" or type(path) == "number" then check(verb, path .. "") end
    end
    function io.open(path, mode)
      local writes = type(mode) == "string" and (mode:find("[wa]") or mode:find("+", 1, true))
      guard(writes and "write" or "read", path)
      return open(path, mode)
    end
    function io.lines(path, ...)
      guard("read", path)
      return lines(path, ...)
    end
    function io.input(file)
      guard("read", file)
      return input(file)
    end
    function io.output(file)
      guard("write", file)
      return output(file)
    end
    function _G.loadfile(path, ...)
      guard("read", path)
      return loadfile(path, ...)
    end
    function _G.dofile(path)
      guard("read", path)
      return dofile(path)
    end

    -- Modules: Lua's own, beside the script or in the standard library
    local search, searchpath = package.searchers[2], package.searchpath
    package.loadlib = nil
    package.cpath = ""
    package.searchers[4] = nil
    package.searchers[3] = nil
    package.searchers[2] = function(name)
      local path = searchpath(name, package.path)
      if path then check("read", path) end
      return search(name)
    end

    -- No finalisers: no hook fires in them, so that one could loop for ever
    local setmetatable, rawget = setmetatable, rawget
    function _G.setmetatable(object, metatable)
      if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then error("a sandboxed script has no finalisers (__gc)", 2) end
      return setmetatable(object, metatable)
    end

    getmetatable(io.stdout).__metatable = false

    -- Of debug, what errors are told with
    local traceback, getinfo = debug.traceback, debug.getinfo
    local kept = {
      traceback = traceback,
      getinfo = function(level)
        if type(level) ~= "number" then error("in a sandbox getinfo wants the number of a level", 2) end
        return getinfo(level + 1, "Sl")
      end,
    }
    for name in pairs(debug) do debug[name] = kept[name] end
    """
}
