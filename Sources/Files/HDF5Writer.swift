import Tensors

/// A new HDF5 file, by libhdf5 in a process of its own; write it inside `AtomicFile.replace`.
public final class HDF5Writer {
  private let process: HDF5Process

  public init(_ path: String) throws {
    try FileGuard.check("write", path)
    process = try HDF5Process("write", path)
    try process.ask(.create, path)
  }

  public func group(_ place: String) throws { try process.ask(.group, place) }

  /// Rows first..<first + count of the array, as an array of their own; the groups on its way are made.
  public func write(_ tensor: Tensor, rows: Range<Int>, to place: String) throws {
    let shape = [rows.count] + tensor.shape.dropFirst()
    try process.ask(.array, place, type: "f", shape: shape)
    let width = tensor.shape.dropFirst().reduce(1, *)
    try tensor.withPointer { values in
      try pieces(rows.count, rowBytes: 4 * width) { piece in
        let bytes = UnsafeRawBufferPointer(start: values + (rows.lowerBound + piece.lowerBound) * width, count: 4 * width * piece.count)
        try process.ask(.rows, place, type: "f", rows: piece, data: bytes)
      }
    }
  }

  /// As h5py writes truth values.
  public func write(_ flags: ArraySlice<Bool>, to place: String) throws {
    try process.ask(.array, place, type: "b", shape: [flags.count])
    let bytes = flags.map { UInt8($0 ? 1 : 0) }
    try bytes.withUnsafeBytes { bytes in
      try pieces(bytes.count, rowBytes: 1) { try process.ask(.rows, place, type: "b", rows: $0, data: UnsafeRawBufferPointer(rebasing: bytes[$0])) }
    }
  }

  /// A number or a text of the object at `place`.
  public func attribute(_ name: String, _ value: JSON, of place: String = "/") throws {
    let place = place + "\0" + name
    switch value {
    case .string(let text): try Array(text.utf8).withUnsafeBytes { _ = try process.ask(.attribute, place, type: "s", data: $0) }
    case .number(let number) where number == number.rounded() && abs(number) < 1e15:
      try withUnsafeBytes(of: Int64(number)) { _ = try process.ask(.attribute, place, type: "i", data: $0) }
    case .number(let number): try withUnsafeBytes(of: number) { _ = try process.ask(.attribute, place, type: "d", data: $0) }
    case .bool(let flag): try withUnsafeBytes(of: Int64(flag ? 1 : 0)) { _ = try process.ask(.attribute, place, type: "i", data: $0) }
    case .null, .array, .object: try attribute(name, .string(value.text), of: String(place.prefix { $0 != "\0" }))
    }
  }

  /// To be called at the end: what the disk has no room for is an error here.
  public func close() throws { try process.ask(.close, "") }

  /// `body` gets the rows of each four megabytes.
  private func pieces(_ rows: Int, rowBytes: Int, _ body: (Range<Int>) throws -> Void) throws {
    guard rowBytes > 0, rows > 0 else { return }
    let most = max(1, (4 << 20) / rowBytes)
    for start in stride(from: 0, to: rows, by: most) { try body(start..<min(start + most, rows)) }
  }
}
