import Tensors

/// Named arrays of numbers in a file that is open for reading, of which any rows can be read without the others: npz and HDF5.
public protocol ArrayFile: AnyObject {
  var path: String { get }
  /// Names at the top.
  func keys() throws -> [String]
  /// nil where there is no such array.
  func shape(_ key: String) throws -> [Int]?
  /// Rows of any type of number, each rounded to Float; `target` has room for them.
  func read(_ key: String, rows: Range<Int>, into target: UnsafeMutablePointer<Float>) throws
  /// A few rows, [places, ...].
  func rows(_ key: String, at places: [Int]) throws -> Tensor
}

extension ArrayFile {
  /// Throws where there is no such array, naming those there are.
  public func shape(of key: String) throws -> [Int] {
    if let shape = try shape(key) { return shape }
    throw UsageError("'\(path)' has no array '\(key)'; it has \(try keys().sorted().joined(separator: ", "))")
  }

  /// The array, or rows of it: rows outside are an error.
  public func tensor(_ key: String, rows: Range<Int>? = nil) throws -> Tensor {
    var shape = try shape(of: key)
    try Tensor.check(shape)
    guard let first = shape.first else {
      guard rows == nil else { throw UsageError("'\(path)': '\(key)' is a single number, rows are wanted") }
      return try Tensor.filled([]) { try read(key, rows: 0..<1, into: $0) }
    }
    let rows = rows ?? 0..<first
    guard rows.upperBound <= first else { throw UsageError("'\(path)': '\(key)' has shape \(shape), row \(rows.upperBound) is wanted") }
    shape[0] = rows.count
    return try Tensor.filled(shape) { try read(key, rows: rows, into: $0) }
  }
}

/// An npz archive as a file of arrays. Reading rows reads over those before them.
public final class NPZFile: ArrayFile {
  private let archive: ZipReader
  public var path: String { archive.path }

  public init(_ path: String) throws { archive = try ZipReader(path) }

  public func keys() throws -> [String] { archive.entries.map { NPZ.key($0.name) } }

  public func shape(_ key: String) throws -> [Int]? {
    guard try keys().contains(key) else { return nil }
    return try NPZ.open(archive, key + ".npy") { header, _ in header.shape }
  }

  public func read(_ key: String, rows: Range<Int>, into target: UnsafeMutablePointer<Float>) throws {
    try NPZ.open(archive, key + ".npy") { header, entry in
      guard rows.upperBound <= header.shape.first ?? 1 else {
        throw UsageError("'\(path)': '\(key)' has shape \(header.shape), row \(rows.upperBound) is wanted")
      }
      let width = header.shape.dropFirst().reduce(1, *)
      if header.fortran, header.shape.count > 1 {
        let whole = try NPY.tensor(header) { try entry.read(into: $0) }
        whole.withPointer { target.update(from: $0 + rows.lowerBound * width, count: rows.count * width) }
        return
      }
      try entry.skip(rows.lowerBound * width * header.type.size)
      try header.type.floats(rows.count * width, into: target) { try entry.read(into: $0) }
    }
  }

  public func rows(_ key: String, at places: [Int]) throws -> Tensor {
    let whole = try tensor(key)
    guard let first = whole.shape.first, places.allSatisfy((0..<first).contains) else {
      throw UsageError("'\(path)': '\(key)' has shape \(whole.shape), other rows are wanted")
    }
    return try whole.indexSelect(0, places)
  }

  /// A text that `Column.text` wrote; nil where there is none.
  public func text(_ key: String) throws -> String? {
    guard let shape = try shape(key), shape.count == 1 else { return nil }
    return String(decoding: try NPZ.read(path, keys: [key])[key]?.values.map { UInt8(min(max($0, 0), 255)) } ?? [], as: UTF8.self)
  }
}
