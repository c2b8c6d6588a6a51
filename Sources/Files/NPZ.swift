import Tensors

/// Named arrays in one file: NumPy's zip archive of npy entries.
public enum NPZ {
  /// Every array, any type of number rounded to Float. An entry of text or objects throws: then name the `keys` that are wanted.
  public static func read(_ path: String) throws -> [String: Tensor] {
    let archive = try ZipReader(path)
    return try read(archive, archive.entries.map(\.name))
  }

  /// The arrays named, and only they are looked at.
  public static func read(_ path: String, keys: [String]) throws -> [String: Tensor] {
    let archive = try ZipReader(path)
    return try read(archive, keys.map { $0 + ".npy" })
  }

  /// One array in double precision: what Float would round (times, identifiers, simulator states).
  public static func doubles(_ path: String, key: String) throws -> (values: [Double], shape: [Int]) {
    try open(try ZipReader(path), key + ".npy") { header, entry in
      (try NPY.doubles(header) { try entry.read(into: $0) }, header.shape)
    }
  }

  /// The names of the arrays, whatever they hold.
  public static func keys(_ path: String) throws -> [String] { try ZipReader(path).entries.map { key($0.name) } }

  /// The shape of every array of numbers, without reading the elements.
  public static func shapes(_ path: String) throws -> [String: [Int]] {
    let archive = try ZipReader(path)
    return try arrays(archive.entries.map(\.name)) { try open(archive, $0) { header, _ in header.shape } }
  }

  /// `compressed` deflates: slower to write, smaller where numbers repeat.
  public static func write(_ arrays: [(String, Tensor)], to path: String, compressed: Bool = false) throws {
    try write(arrays.map { ($0, Column.floats($1)) }, to: path, compressed: compressed)
  }

  /// `<f4`, `<f8` or `<i8` for numbers, `|b1` for truth values, `|u1` for texts.
  public static func write(_ columns: [(String, Column)], to path: String, compressed: Bool = false) throws {
    let repeated = Dictionary(grouping: columns, by: \.0).first { $0.value.count > 1 }
    if let repeated { throw UsageError("cannot write '\(path)': the key '\(repeated.key)' comes twice") }
    try AtomicFile.replace(path) { temporary in
      let archive = try ZipWriter(temporary)
      for (name, column) in columns { try archive.add(name + ".npy", compressed: compressed) { try NPY.encode(column, $0) } }
      try archive.close()
    }
  }

  private static func read(_ archive: ZipReader, _ names: [String]) throws -> [String: Tensor] {
    try arrays(names) { name in
      try open(archive, name) { header, entry in try NPY.tensor(header) { try entry.read(into: $0) } }
    }
  }

  private static func arrays<Value>(_ names: [String], _ body: (String) throws -> Value) throws -> [String: Value] {
    var result: [String: Value] = [:]
    for name in names { result[key(name)] = try body(name) }
    return result
  }

  static func key(_ name: String) -> String { name.hasSuffix(".npy") ? String(name.dropLast(4)) : name }

  static func open<R>(_ archive: ZipReader, _ name: String, _ body: (NPYHeader, ZipReader.Entry) throws -> R) throws -> R {
    let label = "'\(archive.path)': '\(key(name))'"
    guard let found = archive.entries.first(where: { $0.name == name }) else {
      throw UsageError("'\(archive.path)' has no array '\(key(name))'; it has \(archive.entries.map { key($0.name) }.sorted().joined(separator: ", "))")
    }
    let entry = try archive.open(found, label)
    var left = found.size
    let (header, length) = try NPYHeader.read(label) { count in
      left -= count
      guard left >= 0 else { throw UsageError("\(label) ends within its npy header") }
      var bytes = [UInt8](repeating: 0, count: count)
      try bytes.withUnsafeMutableBytes { try entry.read(into: $0) }
      return bytes
    }
    try NPY.check(header, label, available: found.size - length)
    return try body(header, entry)
  }
}
