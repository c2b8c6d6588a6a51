import CLua

/// Names the members of a module; see `Interpreter.module`.
public struct LuaModule {
  let lua: Interpreter
  let name: String
  let table: CInt

  /// `m.function("make", "(id: string) -> Environment", "Makes an environment.", makeEnvironment)`
  public func function<each A: FromLua, each R: ToLua>(
    _ name: String, _ signature: String, _ doc: String, options: (any Options.Type)? = nil,
    _ body: @escaping (repeat each A) throws -> (repeat each R)
  ) {
    add(name, signature, doc, options, closure(.function(name), body))
  }
  /// One result, so that a closure of one expression need not state it.
  public func function<each A: FromLua, R: ToLua>(
    _ name: String, _ signature: String, _ doc: String, options: (any Options.Type)? = nil,
    _ body: @escaping (repeat each A) throws -> R
  ) {
    add(name, signature, doc, options, closure(.function(name), body))
  }

  private func add(_ name: String, _ signature: String, _ doc: String, _ options: (any Options.Type)?, _ closure: LuaClosure) {
    lua.registry.add(.init(name: "\(self.name).\(name)", kind: .function, signature: signature, doc: doc, options: options))
    lua.setField(table, name, closure)
  }

  /// A constant.
  public func value(_ name: String, _ type: String, _ doc: String, _ value: some ToLua) throws {
    lua.registry.add(.init(name: "\(self.name).\(name)", kind: .value, signature: type, doc: doc))
    let L = lua.L
    try room(L, 6)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    pushReference(L, table)
    try value.push(L)
    setRawField(L, -2, name)
  }
}

extension Interpreter {
  /// Makes `require "name"` work and, with `global`, a global variable of that name.
  public func installModule(_ name: String, doc: String = "", global: Bool = false) {
    let table = moduleTable(name, doc: doc)
    guard global else { return }
    let L = L
    pushGlobals(L)
    pushReference(L, table)
    setRawField(L, -2, name)
    shim_pop(L, 1)
  }

  /// Declares functions of a module, "dsrl.env" inside "dsrl"; may be called again to add more.
  public func module(_ name: String, doc: String = "", _ members: (LuaModule) throws -> Void) rethrows {
    try members(LuaModule(lua: self, name: name, table: moduleTable(name, doc: doc)))
  }

  /// A module written in Lua: `require "name"` runs `source` once.
  public func preload(_ name: String, source: String, chunk: String) throws {
    let loader = try load(source, name: chunk)
    let L = L
    try room(L, 6)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    pushRawField(L, shim_registry, "_PRELOAD")
    try loader.push(L)
    setRawField(L, -2, name)
  }

  /// Adds a function written in Lua to a type's methods or to a module, with its documentation. Replaces an earlier one.
  public func attach(to owner: String, _ name: String, _ signature: String, _ doc: String, _ function: LuaFunction) throws {
    let L = L
    try room(L, 6)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    let type = types[owner]
    guard let table = type?.methods ?? modules[owner] else { throw LuaError("no type or module is called '\(owner)'") }
    pushReference(L, table)
    try function.push(L)
    setRawField(L, -2, name)
    registry.replace(.init(
      name: type == nil ? "\(owner).\(name)" : "\(owner):\(name)", kind: type == nil ? .function : .method, signature: signature, doc: doc))
  }

  public func setGlobal(_ name: String, _ value: some ToLua) throws {
    let L = L
    try room(L, 6)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    pushGlobals(L)
    try value.push(L)
    setRawField(L, -2, name)
  }
  /// A global variable by identity; runs no script.
  public func global(_ name: String) throws -> LuaReference {
    let L = L
    try room(L, 6)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    pushGlobals(L)
    pushRawField(L, -1, name)
    return LuaReference(popping: L)
  }

  /// The table of a module: found, or made and put into its parent and `package.loaded`.
  private func moduleTable(_ name: String, doc: String) -> CInt {
    if let table = modules[name] { return table }
    let L = L
    lua_createtable(L, 0, 8)
    if let dot = name.lastIndex(of: ".") {
      pushReference(L, moduleTable(String(name[..<dot]), doc: ""))
      lua_pushvalue(L, -2)
      setRawField(L, -2, String(name[name.index(after: dot)...]))
      shim_pop(L, 1)
    }
    pushRawField(L, shim_registry, "_LOADED")
    lua_pushvalue(L, -2)
    setRawField(L, -2, name)
    shim_pop(L, 1)
    let table = luaL_ref(L, shim_registry)
    modules[name] = table
    registry.add(.init(name: name, kind: .module, signature: "", doc: doc))
    return table
  }
}
