/// Calls `body` for each element of `shape` in row-major order: its number, and its place in memory that is laid out by `strides`.
@inline(__always)
func eachPlace(_ shape: [Int], strides: [Int], from offset: Int, _ body: (_ number: Int, _ place: Int) -> Void) {
  var index = [Int](repeating: 0, count: shape.count)
  var place = offset
  for i in 0..<shape.reduce(1, *) {
    body(i, place)
    var dim = shape.count - 1
    while dim >= 0 {
      index[dim] += 1
      place += strides[dim]
      if index[dim] < shape[dim] { break }
      place -= strides[dim] * shape[dim]
      index[dim] = 0
      dim -= 1
    }
  }
}
