import CLua

/// The tables of one bound type: registry references, and what answers for keys that are not names.
final class LuaTypeTables {
  let name: String
  let metatable, methods, getters, setters: CInt
  var indexer, newIndexer: LuaClosure?
  /// Pushes the field that only the object knows and returns its count of results, or nil.
  var fieldReader: ((LuaState) throws -> CInt?)?
  /// Of tables that are of this type too.
  var tableMetatable: CInt?

  init(name: String, metatable: CInt, methods: CInt, getters: CInt, setters: CInt) {
    self.name = name
    self.metatable = metatable
    self.methods = methods
    self.getters = getters
    self.setters = setters
  }
}

/// What Lua lets a type answer to.
public enum Metamethod: String, Sendable {
  case add = "__add", sub = "__sub", mul = "__mul", div = "__div", mod = "__mod", pow = "__pow", idiv = "__idiv", unm = "__unm"
  case concat = "__concat", len = "__len", eq = "__eq", lt = "__lt", le = "__le"
  case call = "__call", toString = "__tostring", pairs = "__pairs"

  var caller: Caller {
    switch self {
    case .add: .operation("+")
    case .sub: .operation("-")
    case .mul: .operation("*")
    case .div: .operation("/")
    case .mod: .operation("%")
    case .pow: .operation("^")
    case .idiv: .operation("//")
    case .unm: .operation("-")
    case .concat: .operation("..")
    case .len: .operation("#")
    case .eq: .operation("==")
    case .lt: .operation("<")
    case .le: .operation("<=")
    case .call: .method("call")
    case .toString: .function("tostring")
    case .pairs: .function("pairs")
    }
  }
}

/// Names the members of a type that Lua can hold; see `Interpreter.type`.
public struct LuaType<T> {
  let lua: Interpreter
  let tables: LuaTypeTables

  /// `t.method("reshape", "(shape: integer[]) -> Tensor", "...", Tensor.reshape)`
  public func method<each A: FromLua, each R: ToLua>(
    _ name: String, _ signature: String, _ doc: String, options: (any Options.Type)? = nil,
    _ body: @escaping (T) -> (repeat each A) throws -> (repeat each R)
  ) {
    add(name, signature, doc, options, closure(.method(name)) { (this: Live<T>, arguments: repeat each A) in
      try body(this.object)(repeat each arguments)
    })
  }
  /// The same with a closure that takes the object first and states its result.
  public func method<each A: FromLua, each R: ToLua>(
    _ name: String, _ signature: String, _ doc: String, options: (any Options.Type)? = nil,
    _ body: @escaping (T, repeat each A) throws -> (repeat each R)
  ) {
    add(name, signature, doc, options, closure(.method(name)) { (this: Live<T>, arguments: repeat each A) in
      try body(this.object, repeat each arguments)
    })
  }
  /// One result, so that a closure of one expression need not state it.
  public func method<each A: FromLua, R: ToLua>(
    _ name: String, _ signature: String, _ doc: String, options: (any Options.Type)? = nil,
    _ body: @escaping (T, repeat each A) throws -> R
  ) {
    add(name, signature, doc, options, closure(.method(name)) { (this: Live<T>, arguments: repeat each A) throws -> R in
      try body(this.object, repeat each arguments)
    })
  }

  /// A field that is read by `get` and, with `set`, written: `t.property("shape", "integer[]", "...") { $0.shape }`
  public func property<R: ToLua>(_ name: String, _ type: String, _ doc: String, get: @escaping (T) throws -> R) {
    lua.registry.add(.init(name: "\(tables.name).\(name)", kind: .property, signature: type, doc: doc))
    lua.setField(tables.getters, name, closure(.method(name)) { (this: Live<T>) in try get(this.object) })
  }
  public func property<R: ToLua & FromLua>(
    _ name: String, _ type: String, _ doc: String, get: @escaping (T) throws -> R, set: @escaping (T, R) throws -> Void
  ) {
    property(name, type, doc, get: get)
    lua.setField(tables.setters, name, LuaClosure { L in
      let this = try Live<T>.read(L, at: 1)
      let value: R
      do { value = try R.read(L, at: 2) } catch { throw LuaError("bad value for '\(name)' (\(error))") }
      try set(this.object, value)
      return 0
    })
  }

  /// An operator. Binary ones come with the object on either side: take `Either<Tensor, Double>` twice.
  public func metamethod<each A: FromLua, each R: ToLua>(
    _ event: Metamethod, _ signature: String, _ doc: String, _ body: @escaping (repeat each A) throws -> (repeat each R)
  ) {
    add(event, signature, doc, closure(event.caller, body))
  }
  public func metamethod<each A: FromLua, R: ToLua>(
    _ event: Metamethod, _ signature: String, _ doc: String, _ body: @escaping (repeat each A) throws -> R
  ) {
    add(event, signature, doc, closure(event.caller, body))
  }

  /// `object[key]` for keys that are not names.
  public func index<K: FromLua, R: ToLua>(_ signature: String, _ doc: String, _ body: @escaping (T, K) throws -> R) {
    lua.registry.add(.init(name: "\(tables.name)[]", kind: .metamethod, signature: signature, doc: doc))
    tables.indexer = closure(.index(tables.name)) { (this: Live<T>, key: K) in try body(this.object, key) }
  }
  /// `object[key] = value` for keys that are not names.
  public func newIndex<K: FromLua, V: FromLua>(_ signature: String, _ doc: String, _ body: @escaping (T, K, V) throws -> Void) {
    lua.registry.add(.init(name: "\(tables.name)[]=", kind: .metamethod, signature: signature, doc: doc))
    tables.newIndexer = closure(.index(tables.name)) { (this: Live<T>, key: K, value: V) throws -> Void in try body(this.object, key, value) }
  }

  private func add(_ event: Metamethod, _ signature: String, _ doc: String, _ closure: LuaClosure) {
    lua.registry.add(.init(name: "\(tables.name).\(event.rawValue)", kind: .metamethod, signature: signature, doc: doc))
    lua.setField(tables.metatable, event.rawValue, closure)
  }

  private func add(_ name: String, _ signature: String, _ doc: String, _ options: (any Options.Type)?, _ closure: LuaClosure) {
    lua.registry.add(.init(name: "\(tables.name):\(name)", kind: .method, signature: signature, doc: doc, options: options))
    lua.setField(tables.methods, name, closure)
  }
}

extension Interpreter {
  /// Declares a class of ours under its Lua name, or adds to an earlier declaration.
  public func type<T: LuaObject>(_ type: T.Type, doc: String = "", _ members: (LuaType<T>) -> Void) {
    self.type(T.luaName, of: T.self, doc: doc, members)
  }

  /// Declares anything an object can be cast to, protocols too: `lua.type("Environment", of: (any Environment).self) { ... }`
  public func type<T>(_ name: String, of type: T.Type, doc: String = "", _ members: (LuaType<T>) -> Void) {
    typeNames[ObjectIdentifier(type)] = name
    let tables = types[name] ?? makeTypeTables(name, doc)
    types[name] = tables
    members(LuaType(lua: self, tables: tables))
  }

  private func makeTypeTables(_ name: String, _ doc: String) -> LuaTypeTables {
    registry.add(.init(name: name, kind: .type, signature: "", doc: doc))
    let L = L
    func makeTable() -> CInt {
      lua_createtable(L, 0, 8)
      return luaL_ref(L, shim_registry)
    }
    let tables = LuaTypeTables(name: name, metatable: makeTable(), methods: makeTable(), getters: makeTable(), setters: makeTable())
    pushReference(L, tables.metatable)
    finishMetatable(L, name: name)

    pushReference(L, tables.methods)
    pushReference(L, tables.getters)
    pushClosure(L, LuaClosure { [unowned self] L in
      if lua_type(L, 2) != LUA_TSTRING, let indexer = tables.indexer { return try indexer.body(L) }
      if let count = try tables.fieldReader?(L) { return count }
      throw unknownField(L, of: name)
    })
    lua_pushcclosure(L, shim_index, 3)
    setRawField(L, -2, "__index")

    pushReference(L, tables.setters)
    pushClosure(L, LuaClosure { [unowned self] L in
      if lua_type(L, 2) != LUA_TSTRING, let indexer = tables.newIndexer { return try indexer.body(L) }
      if try tables.fieldReader?(L) != nil { throw LuaError("field '\(string(L, 2) ?? "")' of \(name) cannot be assigned") }
      throw unknownField(L, of: name, assigning: true)
    })
    lua_pushcclosure(L, shim_newindex, 2)
    setRawField(L, -2, "__newindex")

    pushClosure(L, LuaClosure { L in
      guard let object = swiftObject(L, 1) else { throw mismatch(name, L, 1) }
      pushString(L, object is any CustomStringConvertible ? "\(object)" : name)
      return 1
    })
    setRawField(L, -2, "__tostring")
    shim_pop(L, 1)
    return tables
  }

  private func unknownField(_ L: LuaState, of type: String, assigning: Bool = false) -> LuaError {
    if isReleased(L, 1) { return LuaError("this \(type) is closed") }
    guard let key = string(L, 2) else { return LuaError("\(type) cannot be indexed by a \(typeName(L, 2))") }
    let members = registry.members(of: type)
    if assigning, members.contains(where: { $0.shortName == key }) { return LuaError("field '\(key)' of \(type) cannot be assigned") }
    let names = members.filter { $0.kind == .method || $0.kind == .property }.map(\.shortName)
    return LuaError("\(type) has no field '\(key)'" + suggestion(names.nearest(to: key), otherwise: []))
  }

  /// table[name] = a Swift function, for a table of ours in the registry.
  func setField(_ table: CInt, _ name: String, _ closure: LuaClosure) {
    let L = L
    pushReference(L, table)
    pushClosure(L, closure)
    setRawField(L, -2, name)
    shim_pop(L, 1)
  }
}
