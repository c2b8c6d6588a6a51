import Tensors

/// Which rows belong together.
enum Assignment {
  /// The largest batch that is paired: the work grows with the cube of it.
  static let longest = 256

  /// The column of each row in the pairing of least total cost, [n, n] row after row: exact, by shortest augmenting paths (Jonker and Volgenant 1987).
  static func leastCost(_ cost: [Double], _ n: Int) -> [Int] {
    precondition(cost.count == n * n)
    var (rowPrice, columnPrice) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    var rowOf = [Int](repeating: -1, count: n)
    for row in 0..<n {
      // Dijkstra over columns, by costs reduced by the prices, from `row` to the nearest free column.
      var distance = [Double](repeating: .infinity, count: n)
      var before = [Int](repeating: -1, count: n)
      var isDone = [Bool](repeating: false, count: n)
      var (current, reached, column) = (row, 0.0, -1)
      while true {
        for j in 0..<n where !isDone[j] {
          let length = reached + cost[current * n + j] - rowPrice[current] - columnPrice[j]
          if length < distance[j] { (distance[j], before[j]) = (length, column) }
        }
        var nearest = -1
        for j in 0..<n where !isDone[j] && (nearest < 0 || distance[j] < distance[nearest]) { nearest = j }
        (column, reached) = (nearest, distance[nearest])
        isDone[column] = true
        guard rowOf[column] >= 0 else { break }
        current = rowOf[column]
      }
      for j in 0..<n where isDone[j] && j != column {
        columnPrice[j] += distance[j] - reached
        rowPrice[rowOf[j]] += reached - distance[j]
      }
      rowPrice[row] += reached
      while column >= 0 {
        let previous = before[column]
        rowOf[column] = previous < 0 ? row : rowOf[previous]
        column = previous
      }
    }
    var columnOf = [Int](repeating: 0, count: n)
    for (column, row) in rowOf.enumerated() { columnOf[row] = column }
    return columnOf
  }

  /// Of two batches [n, latent], the row of `second` that goes with each row of `first` where the squared distances sum to the least.
  static func nearest(_ first: Tensor, _ second: Tensor) -> [Int] {
    let (n, size) = (first.shape[0], first.shape[1])
    let (x, y) = (first.values, second.values)
    var cost = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n {
        var sum = 0.0
        for k in 0..<size {
          let gap = Double(x[i * size + k]) - Double(y[j * size + k])
          sum += gap * gap
        }
        cost[i * n + j] = sum
      }
    }
    return leastCost(cost, n)
  }
}
