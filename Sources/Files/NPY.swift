import Tensors

/// What an array file or one entry of an npz archive takes: numbers, one byte per truth value, or a text's bytes.
public enum Column: Sendable {
  case floats(Tensor)
  /// `shape` nil: a row of them.
  case flags([Bool], shape: [Int]? = nil)
  case doubles([Double], shape: [Int])
  case integers([Int], shape: [Int])
  case text(String)
}

/// One array in a file, in NumPy's format.
public enum NPY {
  /// Any type of number, rounded to Float; row-major whatever the file's order. Throws naming the file and what it holds instead.
  public static func read(_ path: String) throws -> Tensor {
    let (file, header) = try open(path)
    return try tensor(header) { try file.read(into: $0) }
  }

  /// The same in double precision: what Float would round (times, identifiers, simulator states).
  public static func doubles(_ path: String) throws -> (values: [Double], shape: [Int]) {
    let (file, header) = try open(path)
    return (try doubles(header) { try file.read(into: $0) }, header.shape)
  }

  /// Without reading the elements.
  public static func shape(_ path: String) throws -> [Int] { try open(path).header.shape }

  public static func write(_ tensor: Tensor, to path: String) throws { try write(.floats(tensor), to: path) }

  /// `<f4`, `<f8` or `<i8` for numbers, `|b1` for truth values, `|u1` for texts.
  public static func write(_ column: Column, to path: String) throws {
    try AtomicFile.write(to: path) { file in try encode(column) { try file.write($0) } }
  }

  private static func open(_ path: String) throws -> (file: InputFile, header: NPYHeader) {
    let file = try InputFile(path)
    var left = file.size
    let (header, length) = try NPYHeader.read("'\(path)'") { count in
      left -= count
      guard left >= 0 else { throw UsageError("'\(path)' ends within its npy header") }
      return try file.read(count)
    }
    try check(header, "'\(path)'", available: file.size - length)
    return (file, header)
  }

  // MARK: Shared with NPZ

  /// The file must hold what its header promises, no less and no more.
  static func check(_ header: NPYHeader, _ label: String, available: Int) throws {
    guard header.byteCount == available else {
      throw UsageError("\(label): shape \(header.shape) takes \(header.byteCount) bytes, the file has \(available)\(available < header.byteCount ? " (truncated?)" : "")")
    }
  }

  static func tensor(_ header: NPYHeader, _ read: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> Tensor {
    try Tensor.check(header.shape)
    return try Tensor.filled(header.shape) { target in
      try header.type.floats(header.count, into: target, read)
      if header.fortran { toRowMajor(target, header.shape) }
    }
  }

  static func doubles(_ header: NPYHeader, _ read: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> [Double] {
    try Tensor.check(header.shape)
    return try [Double](unsafeUninitializedCapacity: header.count) { buffer, initialized in
      guard let target = buffer.baseAddress else { return }
      try header.type.doubles(header.count, into: target, read)
      if header.fortran { toRowMajor(target, header.shape) }
      initialized = header.count
    }
  }

  /// Rearranges elements whose first index runs fastest.
  private static func toRowMajor<Number>(_ values: UnsafeMutablePointer<Number>, _ shape: [Int]) {
    let count = shape.reduce(1, *)
    guard shape.count > 1, count > 0 else { return }
    let source = Array(UnsafeBufferPointer(start: values, count: count))
    var strides = [Int](repeating: 1, count: shape.count)
    for dim in 1..<shape.count { strides[dim] = strides[dim - 1] * shape[dim - 1] }
    eachPlace(shape, strides: strides, from: 0) { i, place in values[i] = source[place] }
  }

  /// Hands the array to `write`, header first.
  static func encode(_ column: Column, _ write: (UnsafeRawBufferPointer) throws -> Void) throws {
    switch column {
    case .floats(let tensor):
      try NPYHeader(type: .float32, shape: tensor.shape).bytes(descr: "<f4").withUnsafeBytes(write)
      try tensor.withPointer { try write(UnsafeRawBufferPointer(start: $0, count: tensor.count * 4)) }
    case .doubles(let values, let shape):
      try NPYHeader(type: .float64, shape: shape).bytes(descr: "<f8").withUnsafeBytes(write)
      try values.withUnsafeBytes(write)
    case .integers(let values, let shape):
      try NPYHeader(type: .int64, shape: shape).bytes(descr: "<i8").withUnsafeBytes(write)
      try values.withUnsafeBytes(write)
    case .flags(let flags, let shape):
      try NPYHeader(type: .bool, shape: shape ?? [flags.count]).bytes(descr: "|b1").withUnsafeBytes(write)
      try flags.map { UInt8($0 ? 1 : 0) }.withUnsafeBytes(write)
    case .text(let text):
      let bytes = Array(text.utf8)
      try NPYHeader(type: .uint8, shape: [bytes.count]).bytes(descr: "|u1").withUnsafeBytes(write)
      try bytes.withUnsafeBytes(write)
    }
  }
}
