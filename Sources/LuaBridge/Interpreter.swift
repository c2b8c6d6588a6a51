import CLua

public typealias LuaState = OpaquePointer

/// Owns one Lua universe. Everything here belongs to the thread that runs its scripts.
///
/// House rule: Swift calls only Lua functions marked `-` or `m` in manual 4.6, and enters Lua only through `shim_pcall`.
public final class Interpreter {
  let main: LuaState
  let state: UnsafeMutablePointer<shim_state>
  let released = ReleasedReferences()
  /// Lua's name of a type -> its tables.
  var types: [String: LuaTypeTables] = [:]
  var typeNames: [ObjectIdentifier: String] = [:]
  /// Full name of a module -> registry reference of its table.
  var modules: [String: CInt] = [:]
  /// The last error that passed through Swift; Lua forgets the traceback of where it began.
  var passing: LuaError?
  /// Every name a script can use, with its documentation.
  public var registry = Registry()

  /// What is to happen before a call that computes for long.
  public var beforeLongCalls: () throws -> Void = {}

  /// From here on Lua runs no finaliser for new objects, so it gets none.
  private(set) var isClosing = false

  /// The registry references of the weak table from object addresses to userdata, and of the metatable of Swift functions.
  private(set) var objects: CInt = 0
  private(set) var closures: CInt = 0

  public init() throws {
    state = .allocate(capacity: 1)
    guard let L = shim_open(state) else {
      state.deallocate()
      throw LuaError("not enough memory for a Lua interpreter")
    }
    main = L
    state.pointee.owner = Unmanaged.passUnretained(self).toOpaque()
    released.interpreter = self
    shim_track_coroutines(L)
    shim_refuse_bytecode(L)

    lua_createtable(L, 0, 0)
    lua_createtable(L, 0, 1)
    pushString(L, "v")
    setRawField(L, -2, "__mode")
    lua_setmetatable(L, -2)
    objects = luaL_ref(L, shim_registry)

    lua_createtable(L, 0, 4)
    finishMetatable(L, name: "function")
    closures = luaL_ref(L, shim_registry)
  }

  deinit {
    stopListening()
    isClosing = true
    lua_close(main)
    releaseOrphans()
    state.deallocate()
  }

  /// The coroutine that runs now; a callback must use its stack and no other.
  var L: LuaState { shim_running(state) ?? main }

  /// "5.4.4"
  public static var release: String { String(cString: shim_release) }

  static func of(_ L: LuaState) -> Interpreter {
    Unmanaged<Interpreter>.fromOpaque(shim_of(L).pointee.owner).takeUnretainedValue()
  }

  /// Counts what Swift objects hold beside Lua's own memory, so that the ceiling is for both.
  public func count(outside weigh: @escaping @convention(c) () -> Int) { state.pointee.weigh = weigh }

  /// Bytes that Lua may hold, with what `count(outside:)` counts; 0 for no limit. Past it a script meets the error "not enough memory".
  public var memoryCeiling: Int {
    get { state.pointee.ceiling }
    set { shim_set_ceiling(state, newValue) }
  }
  /// Bytes that Lua itself holds; Swift objects not counted.
  public var memoryUsed: Int { state.pointee.used }

  /// Runs Lua's collector to its end; finalisers run with it.
  public func collectGarbage() throws {
    try protectedCall(push: { L in lua_pushcclosure(L, shim_collect, 0) }, []) { _, _ in }
  }

  /// Where the script calls the function that runs now: its chunk's name ("@path" for a file) and line.
  public func callSite() -> (chunk: String, line: Int)? {
    var line: CInt = 0
    return shim_call_site(L, &line).map { (String(cString: $0), Int(line)) }
  }

  /// Whether Lua's warnings (`warn`, errors in finalisers) go to the error stream; scripts switch it by `warn "@on"`.
  public var printsWarnings: Bool {
    get { state.pointee.warnings != 0 }
    set { state.pointee.warnings = newValue ? 1 : 0 }
  }

  /// Where `require` looks for modules written in Lua, in `package.path`'s form.
  public var searchPath: String {
    get {
      pushGlobalTable(L, "package")
      defer { shim_pop(L, 2) }
      pushRawField(L, -1, "path")
      return string(L, -1) ?? ""
    }
    set {
      pushGlobalTable(L, "package")
      pushString(L, newValue)
      setRawField(L, -2, "path")
      shim_pop(L, 1)
    }
  }
}
