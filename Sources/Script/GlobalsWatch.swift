import LuaBridge
import Runs

// Global variables that a script makes by accident: a forgotten `local`, a misspelt name.
extension Session {
  /// Reports each name once, with file and line; where `strict`, as an error.
  public func watchGlobals(strict: Bool) throws {
    let warn = try lua.makeFunction("warn") { [unowned self] (text: String) throws -> Void in
      progress?.clear()
      Progress.standardError("dsrl-lua: \(text)\n")
    }
    try lua.load(
      """
      local warn, strict = ...
      local getinfo, error, rawset, pairs, ipairs, type = debug.getinfo, error, rawset, pairs, ipairs, type
      -- Names of other Lua versions, which portable modules ask for.
      local foreign = {}
      for _, name in ipairs{"unpack", "loadstring", "setfenv", "getfenv", "module", "newproxy", "table_unpack", "jit", "bit", "bit32", "ffi", "utf8", "ngx"} do
        foreign[name] = true
      end
      local told = {}

      local function tell(name, text)
        local frame = getinfo(3, "Sl")
        if not frame or frame.currentline <= 0 then return end   -- not a script's
        if strict then error(text:format(name), 3) end
        if told[name] then return end
        told[name] = true
        warn(("%s:%d: %s"):format(frame.short_src, frame.currentline, text:format(name)))
      end

      setmetatable(_G, {
        __newindex = function(globals, name, value)
          if type(name) == "string" then tell(name, "the global variable '%s' is made here; is a 'local' missing? rawset(_G, name, value) makes one on purpose") end
          rawset(globals, name, value)
        end,
        __index = function(_, name)
          if type(name) == "string" and not foreign[name] then tell(name, "there is no variable '%s'; rawget(_G, name) asks whether there is one") end
        end,
      })
      """, name: "=globals"
    ).call(warn, strict)
  }
}
