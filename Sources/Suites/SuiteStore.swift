import FoundationEssentials
import Files
import Glibc
import Runs
import Tensors

/// A suite's folder: the only thing that those who work on it share.
///
///     suite.json            the suite and its cells, as last asked for
///     queue/KEY             a cell that waits
///     running/KEY@HOST@PID@START   a cell that a launcher has taken; touched every few seconds while it lives
///     done/KEY, failed/KEY  how it ended
///     cells/NAME-KEY/       the cell's run folder; logs/NAME-KEY.log what it printed
///
/// A cell moves by rename(2), which succeeds for one process only, so that two launchers never run one cell twice.
public struct SuiteStore: Sendable {
  public enum State: String, CaseIterable, Sendable { case queue, running, done, failed }

  public let path: String

  private struct Contents: Codable {
    var suite: Suite
    var fingerprint: Fingerprint
    var cells: [Cell]
  }

  /// Opens a folder that `create` made.
  public init(existing path: String) throws {
    guard access(path + "/suite.json", R_OK) == 0 else { throw UsageError("'\(path)' holds no suite (suite.json); `dsrl-lua bench SUITE.lua` makes one") }
    self.path = path
  }

  /// Makes the folder, or brings it up to date: cells that are new wait, those that are known stay as they are.
  public init(_ suite: Suite, _ fingerprint: Fingerprint, path: String) throws {
    self.path = path
    for folder in State.allCases.map(\.rawValue) + ["cells", "logs"] {
      do { try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true) } catch {
        throw UsageError("cannot make the folder '\(path)/\(folder)': \(String(cString: strerror(errno)))")
      }
    }
    let cells = try suite.cells(fingerprint)
    // Two that begin at once must not both find that a cell is missing.
    let lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(lock) }
    guard lock >= 0, flock(lock, LOCK_EX) == 0 else { throw UsageError("cannot lock the folder '\(path)': \(String(cString: strerror(errno)))") }
    try AtomicFile.write(try JSON.encode(Contents(suite: suite, fingerprint: fingerprint, cells: cells)), to: path + "/suite.json")
    for cell in cells where try places(of: cell).isEmpty { try enqueue(cell) }
  }

  private func contents() throws -> Contents {
    let file = path + "/suite.json"
    return try JSON.decode(Contents.self, from: try readBytes(file), source: file)
  }
  public var suite: Suite { get throws { try contents().suite } }
  public var cells: [Cell] { get throws { try contents().cells } }

  public func folder(of cell: Cell) -> String { "\(path)/cells/\(cell.folderName)" }
  public func log(of cell: Cell) -> String { "\(path)/logs/\(cell.folderName).log" }

  /// Where each cell of the suite is, in their order.
  public func states() throws -> [(cell: Cell, state: State)] {
    var found: [String: State] = [:]
    for state in State.allCases { for name in try names(state) { found[SuiteStore.key(name)] = state } }
    return try cells.map { ($0, found[$0.key] ?? .queue) }
  }

  // MARK: Moving cells

  /// Takes a cell that waits, or one whose launcher is dead; nil where neither this process nor the cell's state allows it.
  public func claim(_ cell: Cell) throws -> Claim? {
    let mine = "\(path)/running/\(cell.key)@\(Owner.here.text)"
    if rename("\(path)/queue/\(cell.key)", mine) == 0 { return Claim(store: self, cell: cell, path: mine) }
    guard errno == ENOENT else { throw UsageError("cannot claim a cell in '\(path)': \(String(cString: strerror(errno)))") }
    for name in try names(.running) where SuiteStore.key(name) == cell.key {
      let theirs = "\(path)/running/\(name)"
      guard try isDead(name, at: theirs), rename(theirs, mine) == 0 else { continue }
      return Claim(store: self, cell: cell, path: mine)
    }
    return nil
  }

  /// Lets a cell that failed wait again.
  public func retry(_ cell: Cell) throws { try move("\(path)/failed/\(cell.key)", to: .queue, cell) }

  /// Lets finished cells wait again whose run is no longer there, or whose modules have changed since; what they left is kept under
  /// another name until `clean`. Returns them.
  public func redoStale() throws -> [Cell] {
    try states().filter { try $0.state == .done && isStale($0.cell) }.map { cell, _ in
      let folder = folder(of: cell)
      if access(folder, F_OK) == 0 {
        let number = (1...).first { access("\(folder)-old\($0)", F_OK) != 0 } ?? 1
        guard rename(folder, "\(folder)-old\(number)") == 0 else { throw UsageError("cannot rename '\(folder)': \(String(cString: strerror(errno)))") }
      }
      try move("\(path)/done/\(cell.key)", to: .queue, cell)
      return cell
    }
  }

  private func isStale(_ cell: Cell) throws -> Bool {
    let folder = folder(of: cell)
    guard access(folder + "/manifest.json", R_OK) == 0 else { return true }
    let manifest = try Manifest.read(folder)
    return try manifest.status != .finished || manifest.modules.contains { path, hash in try access(path, R_OK) != 0 || SHA256.hex(file: path) != hash }
  }

  func move(_ place: String, to state: State, _ cell: Cell) throws {
    guard rename(place, "\(path)/\(state.rawValue)/\(cell.key)") == 0 else {
      throw UsageError("cannot note that a cell is in '\(path)/\(state.rawValue)': \(String(cString: strerror(errno)))")
    }
  }

  private func enqueue(_ cell: Cell) throws { try AtomicFile.write("", to: "\(path)/queue/\(cell.key)") }

  private func places(of cell: Cell) throws -> [String] {
    try State.allCases.flatMap { state in try names(state).filter { SuiteStore.key($0) == cell.key }.map { "\(state.rawValue)/\($0)" } }
  }

  private func names(_ state: State) throws -> [String] {
    do { return try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(state.rawValue)").filter { !$0.contains(".tmp-") }.sorted() } catch {
      throw UsageError("cannot read the folder '\(path)/\(state.rawValue)'")
    }
  }

  private static func key(_ name: String) -> String { String(name.prefix { $0 != "@" }) }

  // MARK: Who lives

  /// Seconds without a sign of life after which a launcher on another machine counts as dead.
  static let patience = 120.0

  /// On this machine the process table says it; elsewhere the age of the claim, by the clock of the folder's own file system.
  private func isDead(_ name: String, at place: String) throws -> Bool {
    let owner = Owner(name)
    if let owner, owner.host == Owner.here.host { return !owner.isAlive }
    var claim = stat()
    guard stat(place, &claim) == 0 else { return false }
    let clock = "\(path)/.clock.tmp-\(getpid())"
    try OutputFile.appending(to: clock).write(".")
    defer { unlink(clock) }
    var now = stat()
    guard stat(clock, &now) == 0 else { return false }
    return Double(now.st_mtim.tv_sec - max(claim.st_mtim.tv_sec, claim.st_ctim.tv_sec)) > SuiteStore.patience
  }

  /// Removes what belongs to no cell of the suite as it is now, and on demand the failed cells; returns the names of what went.
  public func clean(failedToo: Bool) throws -> [String] {
    let current = try states()
    let keep = Set(current.filter { !failedToo || $0.state != .failed }.map(\.cell.key))
    var removed: [String] = []
    for state in State.allCases where state != .running {
      for name in try names(state) where !keep.contains(SuiteStore.key(name)) { unlink("\(path)/\(state.rawValue)/\(name)") }
    }
    let busy = Set(try names(.running).map(SuiteStore.key))
    for folder in ["cells", "logs"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted() {
        let key = String((name.hasSuffix(".log") ? name.dropLast(4) : name[...]).suffix(12))
        guard !keep.contains(key), !busy.contains(key) else { continue }
        try FileManager.default.removeItem(atPath: "\(path)/\(folder)/\(name)")
        removed.append("\(folder)/\(name)")
      }
    }
    if failedToo { for (cell, state) in current where state == .failed { try enqueue(cell) } }
    return removed
  }
}

/// A cell that this process works on. It ends by `finish`; a process that dies leaves it to be taken over.
public struct Claim: Sendable {
  let store: SuiteStore
  public let cell: Cell
  let path: String

  /// A sign of life, due at least every half minute.
  public func touch() { utimes(path, nil) }
  public func finish(_ state: SuiteStore.State) throws { try store.move(path, to: state, cell) }
}

/// A process on some machine.
struct Owner: Equatable {
  var host: String
  var process: Int
  /// When it began, in the kernel's clock ticks since boot: numbers of processes come again.
  var start: String

  var text: String { "\(host)@\(process)@\(start)" }

  static let here = Owner(host: hostName(), process: Int(getpid()), start: startTime(of: Int(getpid())) ?? "0")

  /// Of the claim's file name KEY@HOST@PID@START.
  init?(_ name: String) {
    let parts = name.split(separator: "@").map(String.init)
    guard parts.count == 4, let process = Int(parts[2]) else { return nil }
    self.init(host: parts[1], process: process, start: parts[3])
  }

  init(host: String, process: Int, start: String) { (self.host, self.process, self.start) = (host, process, start) }

  var isAlive: Bool { Owner.startTime(of: process) == start }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return String(text.map { $0 == "@" || $0 == "/" ? "_" : $0 })
  }

  /// Field 22 of /proc/PID/stat; the second, the program's name in brackets, may hold spaces. nil where there is no such process, or
  /// where it only waits to be noticed as dead.
  private static func startTime(of process: Int) -> String? {
    guard let file = fopen("/proc/\(process)/stat", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let bracket = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: bracket)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z" else { return nil }
    return String(fields[19])
  }
}
