import Glibc
import Synchronization

/// Where one thread's time goes, by operator and by layer. While it is off, an operator pays one relaxed load.
///
/// What workers do inside `Threads.parallel` is the time of the operator that called it.
public final class Profile {
  /// The thread that is measured; 0 while none is.
  private static let owner = Atomic<UInt>(0)
  /// Touched by the owner alone.
  nonisolated(unsafe) private static var running: Profile?
  /// Scopes of earlier profiles have lower numbers: graphs may outlive theirs.
  private static let used = Atomic<Int>(1)

  @inline(__always)
  static var isOn: Bool { owner.load(ordering: .relaxed) != 0 }

  /// Measures `body` on this thread. Throws what `body` throws, and where a profile is running already.
  public static func measure<R>(_ body: () throws -> R) throws -> (result: R, report: Report) {
    let own = UInt(pthread_self())
    guard owner.load(ordering: .relaxed) == 0 else { throw UsageError("a profile is running already") }
    let profile = Profile(first: used.load(ordering: .relaxed))
    running = profile
    owner.store(own, ordering: .relaxed)
    defer {
      owner.store(0, ordering: .relaxed)
      used.add(profile.scopes.count, ordering: .relaxed)
      running = nil
    }
    let result = try body()
    profile.close(0)
    return (result, Report(profile))
  }

  private static var mine: Profile? { owner.load(ordering: .relaxed) == UInt(pthread_self()) ? running : nil }

  // MARK: What has been measured

  struct Key: Hashable {
    let operation: Int
    let scope: Int
    let isBackward: Bool
  }
  struct Record {
    var calls = 0
    var total: UInt64 = 0
    var own: UInt64 = 0
    var flops = 0.0
  }
  struct Scope: Hashable {
    let label: String
    let parent: Int
  }
  private struct Frame {
    let key: Key
    let flops: Double
    let isScope: Bool
    /// What to go back to.
    let outer: (scope: Int, isBackward: Bool)
    let start: UInt64
    var inner: UInt64 = 0
  }

  /// Time in no operator.
  static let other = 0
  private(set) var operations = ["other"]
  private(set) var records: [Key: Record] = [:]
  /// The first is the whole.
  private(set) var scopes = [Scope(label: "", parent: 0)]
  private(set) var entries = [1]
  private var known: [UInt: Int] = [:]
  private var places: [Scope: Int] = [:]
  private var frames: [Frame] = []
  private let first: Int
  private var place = (scope: 0, isBackward: false)

  private init(first: Int) {
    self.first = first
    open(Key(operation: Profile.other, scope: 0, isBackward: false), isScope: true)
  }

  private static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private func open(_ key: Key, flops: Double = 0, isScope: Bool) {
    frames.append(Frame(key: key, flops: flops, isScope: isScope, outer: place, start: Profile.now))
    if isScope { place = (key.scope, key.isBackward) }
  }

  /// Ends the frames from `depth` on.
  private func close(_ depth: Int) {
    while frames.count > depth, let frame = frames.popLast() {
      let elapsed = Profile.now - frame.start
      var record = records[frame.key] ?? Record()
      if !frame.isScope {
        record.calls += 1
        record.total += elapsed
      }
      record.own += elapsed - Swift.min(frame.inner, elapsed)
      record.flops += frame.flops
      records[frame.key] = record
      if let last = frames.indices.last { frames[last].inner += elapsed }
      place = frame.outer
    }
  }

  private func number(of operation: StaticString) -> Int {
    let address = UInt(bitPattern: operation.utf8Start)
    if let number = known[address] { return number }
    let name = Profile.name(operation.description)
    let number = operations.firstIndex(of: name) ?? operations.count
    if number == operations.count { operations.append(name) }
    known[address] = number
    return number
  }

  /// "index_select" for "indexSelect(_:_:)", "mul" for "*(_:_:)".
  static func name(_ function: String) -> String {
    if function == "-(_:)" { return "neg" }
    let word = function.prefix { $0 != "(" }
    if let name = ["+": "add", "-": "sub", "*": "mul", "/": "div"][word] { return name }
    return word.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
  }
}

// MARK: What is measured

extension Profile {
  /// The layer that is at work, for `Span(backwardOf:)`; 0 outside a profile.
  static var scope: Int {
    guard isOn, let profile = mine else { return 0 }
    return profile.first + profile.place.scope
  }

  /// A stretch of time: `let span = Profile.Span("sum"); defer { span.end() }`.
  public struct Span {
    private let depth: Int

    /// An operator; by its function's name, and with its floating-point operations where they are worth counting.
    @inline(__always)
    public init(_ operation: StaticString, flops: Double = 0) { depth = Profile.isOn ? Span.open(operation, flops) : -1 }

    /// A layer, inside those that are at work now.
    public init(layer: @autoclosure () -> String) { depth = Profile.isOn ? Span.open(layer: layer()) : -1 }

    /// The gradient of what `scope` did.
    init(backwardOf scope: Int) { depth = Profile.isOn ? Span.open(backwardOf: scope) : -1 }

    @inline(__always)
    public func end() { if depth >= 0 { Span.close(depth) } }

    private static func open(_ operation: StaticString, _ flops: Double) -> Int {
      guard let profile = Profile.mine else { return -1 }
      let depth = profile.frames.count
      let key = Key(operation: profile.number(of: operation), scope: profile.place.scope, isBackward: profile.place.isBackward)
      profile.open(key, flops: flops, isScope: false)
      return depth
    }
    private static func open(layer: String) -> Int {
      guard let profile = Profile.mine else { return -1 }
      let depth = profile.frames.count
      let scope = Scope(label: layer, parent: profile.place.scope)
      let number = profile.places[scope] ?? profile.scopes.count
      if number == profile.scopes.count {
        profile.scopes.append(scope)
        profile.entries.append(0)
        profile.places[scope] = number
      }
      profile.entries[number] += 1
      profile.open(Key(operation: Profile.other, scope: number, isBackward: profile.place.isBackward), isScope: true)
      return depth
    }
    private static func open(backwardOf scope: Int) -> Int {
      guard let profile = Profile.mine else { return -1 }
      let depth = profile.frames.count
      let number = profile.scopes.indices.contains(scope - profile.first) ? scope - profile.first : 0
      profile.open(Key(operation: Profile.other, scope: number, isBackward: true), isScope: true)
      return depth
    }
    private static func close(_ depth: Int) { Profile.mine?.close(depth) }
  }
}
