import Glibc
import LuaBridge
import Tensors

/// `tensor f32 [256, 11]` and the numbers, aligned; of long dimensions the first and last three, of many matrices the first few.
/// Elements not shown are not touched.
struct TensorPrinting {
  private let tensor: Tensor
  private let wantsGradient: Bool
  private static let longest = 8
  private static let shown = 3
  /// Matrices shown of a tensor of more than two dimensions.
  private static let mostBlocks = 8

  init(_ tensor: Tensor) { (self.tensor, wantsGradient) = (tensor.detach(), tensor.requiresGrad) }

  func text() throws -> String {
    let shape = tensor.shape
    let isEmpty = shape.contains(0)
    let header = "tensor f32 [\(shape.map(String.init).joined(separator: ", "))]" + (wantsGradient ? " grad" : "") + (isEmpty ? " (empty)" : "")
    guard !isEmpty else { return header }
    let places = TensorPrinting.blocks(shape.dropLast(2))
    let matrices = try Tensor.withoutGrad { try places.map { try numbers($0.reduce(tensor) { try $0.select(0, $1) }) } }
    let format = NumberFormat(for: matrices.joined().joined().compactMap { $0 })
    let words = matrices.map { $0.map { row in row.map { $0.map(format.word) ?? "..." } } }
    let width = words.joined().joined().filter { $0 != "..." }.map(\.count).max() ?? 0

    var lines = [header]
    for (number, place) in places.enumerated() {
      if shape.count > 2 { lines.append("[" + place.map { "\($0 + 1), " }.joined() + "...]") }
      lines += words[number].map { row in
        row.isEmpty ? "  ..." : "  " + row.map { $0 == "..." ? $0 : String(repeating: " ", count: width - $0.count) + $0 }.joined(separator: "  ")
      }
      if let next = TensorPrinting.successor(of: place, in: shape), number + 1 == places.count || places[number + 1] != next { lines.append("  ...") }
    }
    return lines.joined(separator: "\n")
  }

  /// The indices shown of a dimension; nil stands for those left out.
  private static func indices(_ size: Int) -> [Int?] {
    size <= longest ? Array(0..<size) : Array(0..<shown) + [nil] + Array(size - shown..<size)
  }

  /// The rows shown of a matrix, vector or number, in it nil for elements left out; an empty row for rows left out.
  private func numbers(_ part: Tensor) throws -> [[Float?]] {
    guard let size = part.shape.first else { return [[try part.item()]] }
    return part.rank == 1
      ? [try TensorPrinting.indices(size).map { try $0.map { try part.select(0, $0).item() } }]
      : try TensorPrinting.indices(size).flatMap { try $0.map { try numbers(part.select(0, $0)) } ?? [[]] }
  }

  /// The places of the matrices shown: along each dimension what `indices` shows while there is room, from the innermost outwards.
  private static func blocks(_ leading: ArraySlice<Int>) -> [[Int]] {
    var room = mostBlocks
    var places: [[Int]] = [[]]
    for size in leading.reversed() {
      let wanted = indices(size).compactMap { $0 }
      let taken = Array(wanted.prefix(Swift.max(1, room)))
      room /= taken.count
      places = taken.flatMap { index in places.map { [index] + $0 } }
    }
    return places
  }

  /// The place after this one in row-major order; nil for the last.
  private static func successor(of place: [Int], in shape: [Int]) -> [Int]? {
    var next = place
    for dim in place.indices.reversed() {
      next[dim] += 1
      if next[dim] < shape[dim] { return next }
      next[dim] = 0
    }
    return nil
  }
}

/// One way of writing for all numbers that stand together.
private struct NumberFormat {
  private let format: String
  private let isWhole: Bool

  /// Whole numbers as they are, others with four digits behind the point; with exponents where that would hide or lengthen some.
  init(for numbers: [Float]) {
    let finite = numbers.filter(\.isFinite).map(abs)
    let (largest, smallest) = (finite.max() ?? 0, finite.filter { $0 > 0 }.min() ?? 1)
    isWhole = largest < 1e7 && finite.allSatisfy { $0 == $0.rounded() }
    format = isWhole ? "%.0f" : largest < 1e5 && smallest >= 1e-4 ? "%.4f" : "%.4e"
  }

  func word(_ x: Float) -> String { x.isNaN ? "nan" : formatted(format, Double(x)) }
}

/// `x` by one of printf's formats, "%.4f".
func formatted(_ format: String, _ x: Double) -> String {
  var buffer = [CChar](repeating: 0, count: 512)
  let length = withVaList([x]) { vsnprintf(&buffer, buffer.count, format, $0) }
  return String(decoding: buffer.prefix(Int(max(0, min(length, 511)))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
