import Glibc
import Tensors

/// An HDF5 file open for reading, by libhdf5 in a process of its own. Links are not followed, and elements that lie in other files are not read.
public final class HDF5File: ArrayFile {
  public let path: String
  private let process: HDF5Process
  /// Members of the groups that were looked at.
  private var groups: [String: [Member]] = [:]
  private var kinds: [String: [String: Kind]] = [:]

  public struct Member: Sendable {
    public let name: String
    public let kind: Kind
  }
  public enum Kind: Equatable, Sendable {
    case group
    case array(HDF5Array)
    /// What it is instead: "a link".
    case other(String)
  }

  public init(_ path: String) throws {
    let file = try InputFile(path)
    guard file.size > 0 else { throw UsageError("cannot read '\(path)': it is empty") }
    self.path = path
    process = try HDF5Process("read", path)
    try process.ask(.open, path)
  }

  /// Whether the file begins as HDF5 files do: its signature stands at byte 0, 512, 1024, 2048, ...
  public static func isOne(_ path: String) throws -> Bool {
    let file = try InputFile(path)
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    var (place, read) = (0, 0)
    while place + 8 <= file.size, place <= 1 << 20 {
      _ = try file.read(place - read)
      if try file.read(8) == signature { return true }
      read = place + 8
      place = place == 0 ? 512 : 2 * place
    }
    return false
  }

  /// Of the group "/" or "a/b", in the order of their names.
  public func members(_ group: String = "/") throws -> [Member] {
    if let known = groups[group] { return known }
    var reply = HDF5Reply(try process.ask(.list, group)) { [process] in process.error(group, "its list of members is damaged") }
    var members: [Member] = []
    while !reply.isAtEnd { members.append(Member(name: try reply.text(), kind: try kind(&reply))) }
    members.sort { $0.name < $1.name }
    groups[group] = members
    kinds[group] = Dictionary(members.map { ($0.name, $0.kind) }) { first, _ in first }
    return members
  }

  /// nil where there is nothing of that name. Throws where a part before the last is no group.
  public func kind(_ place: String) throws -> Kind? {
    let parts = place.split(separator: "/").map(String.init)
    guard let last = parts.last else { return .group }
    var group = "/"
    for part in parts.dropLast() {
      guard try member(part, of: group) == .group else { return nil }
      group = group == "/" ? part : group + "/" + part
    }
    return try member(last, of: group)
  }

  private func member(_ name: String, of group: String) throws -> Kind? {
    if kinds[group] == nil { _ = try members(group) }
    return kinds[group]?[name]
  }

  /// Numbers and texts; of other kinds nothing is kept.
  public func attributes(_ place: String = "/") throws -> [String: JSON] {
    var reply = HDF5Reply(try process.ask(.attributes, place)) { [process] in process.error(place, "its attributes are damaged") }
    var attributes: [String: JSON] = [:]
    while !reply.isAtEnd {
      let (name, type, count) = (try reply.text(), try reply.character(), try reply.number())
      var values: [JSON] = []
      for _ in 0..<max(count, 0) {
        switch type {
        case "s": values.append(.string(try reply.text()))
        case "b": values.append(.bool(try reply.double() != 0))
        default: values.append(.number(try reply.double()))
        }
      }
      if type != "o" { attributes[name] = values.count == 1 ? values[0] : values.isEmpty ? .null : .array(values) }
    }
    return attributes
  }

  /// The texts of an array.
  public func strings(_ place: String) throws -> [String] {
    var reply = HDF5Reply(try process.ask(.strings, place)) { [process] in process.error(place, "its text is damaged") }
    var texts: [String] = []
    while !reply.isAtEnd { texts.append(try reply.text()) }
    return texts
  }

  // MARK: Arrays of numbers

  public func keys() throws -> [String] { try members().map(\.name) }

  public func shape(_ key: String) throws -> [Int]? {
    switch try kind(key) {
    case nil, .group?: return nil
    case .other(let what)?: throw process.error(key, "it is \(what)")
    case .array(let array)?: return array.shape
    }
  }

  public func read(_ key: String, rows: Range<Int>, into target: UnsafeMutablePointer<Float>) throws {
    let count = try check(key, rows) * rows.count
    try process.read(key, type: "f", rows: rows, into: UnsafeMutableRawBufferPointer(start: target, count: 4 * count))
  }

  public func rows(_ key: String, at places: [Int]) throws -> Tensor {
    var shape = try shape(of: key)
    guard let first = shape.first, places.allSatisfy((0..<first).contains) else { throw process.error(key, "it has shape \(shape), other rows are wanted") }
    let width = try check(key, 0..<1)
    shape[0] = places.count
    return try Tensor.filled(shape) { target in
      for (index, place) in places.enumerated() { try read(key, rows: place..<place + 1, into: target + index * width) }
    }
  }

  /// In double precision: what Float would round.
  public func doubles(_ key: String) throws -> (values: [Double], shape: [Int]) {
    guard let shape = try shape(key) else { throw process.error(key, "there is no such array") }
    return (try numbers(key, type: "d", shape, 0 as Double), shape)
  }
  public func integers(_ key: String) throws -> (values: [Int], shape: [Int]) {
    guard let shape = try shape(key) else { throw process.error(key, "there is no such array") }
    return (try numbers(key, type: "i", shape, 0), shape)
  }

  private func numbers<Number>(_ key: String, type: Character, _ shape: [Int], _ zero: Number) throws -> [Number] {
    let rows = shape.first ?? 1
    var values = [Number](repeating: zero, count: try check(key, 0..<rows) * rows)
    try values.withUnsafeMutableBytes { try process.read(key, type: type, rows: 0..<rows, into: $0) }
    return values
  }

  /// Elements of a row. Throws for what holds no numbers, fewer rows, or claims more than its file can hold.
  private func check(_ key: String, _ rows: Range<Int>) throws -> Int {
    guard case .array(let array)? = try kind(key) else { throw process.error(key, "there is no such array") }
    guard let shape = array.shape, array.holdsNumbers else { throw process.error(key, "it holds \(array.contents), numbers are wanted") }
    guard rows.lowerBound >= 0, rows.upperBound <= shape.first ?? 1 else { throw process.error(key, "it has \(shape.first ?? 1) rows, wanted \(rows.upperBound)") }
    // What a file claims is checked before it is believed: deflate shrinks at most 1032 times.
    let claimed = Double(array.elementSize) * shape.reduce(1.0) { $0 * Double($1) }
    guard claimed <= Double(array.storedSize) * 1032 + 65536 else {
      throw process.error(key, "shape \(shape) takes \(Int(claimed)) bytes, of which the file holds \(array.storedSize)")
    }
    try Tensor.check([rows.count] + shape.dropFirst())
    return shape.dropFirst().reduce(1, *)
  }

  private func kind(_ reply: inout HDF5Reply) throws -> Kind {
    switch try reply.character() {
    case "g": return .group
    case "d":
      let (type, size, stored, rank) = (try reply.character(), try reply.number(), try reply.number(), try reply.number())
      let shape = rank < 0 ? nil : try (0..<min(rank, 32)).map { _ in try reply.size() }
      return .array(HDF5Array(type: type, elementSize: size, storedSize: stored, shape: shape))
    case "l": return .other("a link, which is not followed")
    case "t": return .other("a type without elements")
    default: return .other("damaged")
    }
  }
}

/// An array of an HDF5 file, before it is read.
public struct HDF5Array: Equatable, Sendable {
  /// "f" floating point, "i" integers, "b" h5py's truth values, "s" text, "o" others.
  let type: Character
  /// In bytes, of one element and of all that the file holds.
  let elementSize: Int
  let storedSize: Int
  /// nil where there are no elements at all.
  public let shape: [Int]?

  public var holdsNumbers: Bool { "fib".contains(type) && shape != nil }
  public var holdsText: Bool { type == "s" && shape != nil }
  var contents: String {
    switch type {
    case _ where shape == nil: "nothing"
    case "s": "text"
    case "o": "records, references or arrays"
    default: "numbers"
    }
  }
}

/// Takes apart what the process answers.
struct HDF5Reply {
  private let bytes: [UInt8]
  private var place = 0
  private let damaged: () -> UsageError

  init(_ bytes: [UInt8], damaged: @escaping () -> UsageError) { (self.bytes, self.damaged) = (bytes, damaged) }

  var isAtEnd: Bool { place == bytes.count }

  mutating func number() throws -> Int {
    guard place + 8 <= bytes.count else { throw damaged() }
    defer { place += 8 }
    return Int(bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Int64.self) })
  }
  /// Of an array's dimension.
  mutating func size() throws -> Int {
    let size = try number()
    guard size >= 0 else { throw damaged() }
    return size
  }
  mutating func double() throws -> Double { Double(bitPattern: UInt64(bitPattern: Int64(try number()))) }
  mutating func character() throws -> Character {
    guard let byte = UInt8(exactly: try number()) else { throw damaged() }
    return Character(Unicode.Scalar(byte))
  }
  mutating func text() throws -> String {
    let size = try number()
    guard size >= 0, size <= bytes.count - place else { throw damaged() }
    defer { place += size }
    return String(decoding: bytes[place..<place + size], as: UTF8.self)
  }
}
