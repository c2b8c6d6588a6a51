import Glibc
import Tensors

// A file that is to hold what another holds already is a second name of it, which costs no writing.
extension Safetensors {
  /// Writes `tensors` to `path`, which nothing is at; where `previous` is a file with the same bytes, `path` becomes a name of that.
  public static func write(_ tensors: [(String, Tensor)], to path: String, sharing previous: String) throws {
    guard try holds(tensors, previous) else { return try write(tensors, to: path) }
    try FileGuard.check("write", path)
    // Some file systems have no second names, and those that have allow so many.
    guard link(previous, path) != 0 else { return }
    try write(tensors, to: path)
  }

  /// Whether `path` is a file of exactly these bytes.
  static func holds(_ tensors: [(String, Tensor)], _ path: String) throws -> Bool {
    guard access(path, R_OK) == 0 else { return false }
    let file = try InputFile(path)
    let head = try head(tensors, [:], path)
    guard file.size == head.count + tensors.reduce(0, { $0 + $1.1.count * 4 }), try file.read(head.count) == head else { return false }
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { part.deallocate() }
    for (_, tensor) in tensors {
      let isSame = try tensor.withPointer { elements in
        let bytes = UnsafeRawBufferPointer(start: elements, count: tensor.count * 4)
        for start in stride(from: 0, to: bytes.count, by: part.count) {
          let wanted = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + part.count, bytes.count)])
          let found = UnsafeMutableRawBufferPointer(rebasing: part[..<wanted.count])
          try file.read(into: found)
          guard let a = wanted.baseAddress, let b = found.baseAddress, memcmp(a, b, wanted.count) == 0 else { return false }
        }
        return true
      }
      guard isSame else { return false }
    }
    return true
  }
}
