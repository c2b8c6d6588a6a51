import CZip
@testable import Files
import Foundation
import Tensors
import Testing

@Suite struct PNGTests {
  /// Read back part by part as the standard has it: lengths, checksums, zlib's stream, and the filter of every row undone.
  @Test(arguments: [(1, 1), (7, 3), (160, 90)]) func whatIsWrittenIsReadBack(width: Int, height: Int) throws {
    var stream = RandomStream(seed: width)
    let pixels = (0..<3 * width * height).map { _ in UInt8(stream.integer(below: 256)) }
    let bytes = try PNG.encode(pixels, width: width, height: height)
    #expect(Array(bytes[..<8]) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    func number(_ place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    var place = 8
    var chunks: [(kind: String, content: [UInt8])] = []
    while place < bytes.count {
      let length = number(place)
      let checked = Array(bytes[place + 4..<place + 8 + length])
      #expect(number(place + 8 + length) == Int(crc32(0, checked, UInt32(checked.count))))
      chunks.append((String(decoding: checked[..<4], as: UTF8.self), Array(checked[4...])))
      place += 12 + length
    }
    #expect(chunks.map(\.kind) == ["IHDR", "IDAT", "IEND"])
    #expect(chunks[0].content == [0, 0, 0, UInt8(width), 0, 0, 0, UInt8(height), 8, 2, 0, 0, 0])
    var rows = [UInt8](repeating: 0, count: (3 * width + 1) * height)
    var count = UInt(rows.count)
    #expect(uncompress(&rows, &count, chunks[1].content, UInt(chunks[1].content.count)) == Z_OK && Int(count) == rows.count)
    var above = [UInt8](repeating: 0, count: 3 * width)
    var result: [UInt8] = []
    for row in 0..<height {
      let first = row * (3 * width + 1)
      #expect(rows[first] == 2)
      above = zip(rows[first + 1..<first + 1 + 3 * width], above).map { $0 &+ $1 }
      result += above
    }
    #expect(result == pixels)
  }
}
