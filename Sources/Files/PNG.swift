import CZip
import Tensors

/// Images of eight bits a colour in one file (ISO/IEC 15948).
public enum PNG {
  /// `pixels` is [height, width, 3]: red, green and blue, the top row first.
  public static func write(_ pixels: [UInt8], width: Int, height: Int, to path: String) throws {
    try AtomicFile.write(encode(pixels, width: width, height: height), to: path)
  }

  /// The file's bytes.
  public static func encode(_ pixels: [UInt8], width: Int, height: Int) throws -> [UInt8] {
    precondition(width > 0 && height > 0 && pixels.count == 3 * width * height)
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    // Eight bits, colours without a palette, and nothing interlaced.
    append("IHDR", big(width) + big(height) + [8, 2, 0, 0, 0], to: &bytes)
    append("IDAT", try deflated(filtered(pixels, width: width, height: height)), to: &bytes)
    append("IEND", [], to: &bytes)
    return bytes
  }

  /// Every row as its difference from the row above (filter 2), which leaves zeros where a picture is flat.
  private static func filtered(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
    let stride = 3 * width
    var rows: [UInt8] = []
    rows.reserveCapacity((stride + 1) * height)
    for row in 0..<height {
      rows.append(2)
      for place in row * stride..<(row + 1) * stride { rows.append(row == 0 ? pixels[place] : pixels[place] &- pixels[place - stride]) }
    }
    return rows
  }

  private static func deflated(_ bytes: [UInt8]) throws -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(count))
    guard compress2(&result, &count, bytes, UInt(bytes.count), 6) == Z_OK else { throw UsageError("no memory to compress an image of \(bytes.count) bytes") }
    return Array(result[..<Int(count)])
  }

  private static func append(_ kind: String, _ content: [UInt8], to bytes: inout [UInt8]) {
    let checked = Array(kind.utf8) + content
    bytes += big(content.count)
    bytes += checked
    bytes += big(Int(crc32(0, checked, UInt32(checked.count))))
  }

  private static func big(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
