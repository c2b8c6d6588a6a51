import Tensors

/// A maze of square cells, read from rows of characters: '#' wall, '.' or ' ' free, 'S' start, 'G' goal, 'a' to 'z' checkpoints of routes.
///
/// Cell (row, column) covers column...column + 1 in x and, the last row lowest, rows - 1 - row...rows - row in y.
struct MazeLayout: Equatable, Sendable {
  /// From the top row down.
  let cells: [[Character]]
  /// The letters of the checkpoints in order.
  let checkpoints: [Character]

  var rows: Int { cells.count }
  var columns: Int { cells[0].count }

  /// By name.
  static let named: [(name: String, rows: String)] = [
    ("two_routes", "#######\n#..a..#\n#.###.#\n#S###G#\n#.###.#\n#..b..#\n#######"),
    ("three_routes", "#########\n#...a...#\n#.#####.#\n#.#####.#\n#S..b..G#\n#.#####.#\n#...c...#\n#########"),
    ("u", "#####\n#S..#\n###.#\n#G..#\n#####"),
    ("medium", "########\n#S.##..#\n#..#...#\n##...###\n#..#...#\n#.#..#.#\n#...#.G#\n########"),
  ]

  /// A name, or the rows themselves, one per line. Throws for what makes no closed maze with a start and a goal that can be reached.
  init(_ text: String) throws {
    let rows = MazeLayout.named.first { $0.name == text }?.rows ?? text
    guard rows.contains("#") else {
      throw UsageError("layout wants one of \(MazeLayout.named.map { "'\($0.name)'" }.joined(separator: ", ")), or rows of '#', '.', 'S' and 'G', got '\(text)'")
    }
    cells = rows.split(whereSeparator: \.isNewline).map { $0.map { $0 == " " ? "." : $0 } }
    let (width, all) = (cells[0].count, cells.joined())
    guard cells.count <= 100, width <= 100 else { throw UsageError("a layout has at most 100 rows and columns, got \(cells.count) and \(width)") }
    for (index, row) in cells.enumerated() where row.count != width {
      throw UsageError("a layout's rows are equally long; the first has \(width) characters, row \(index + 1) has \(row.count)")
    }
    if let odd = all.first(where: { !"#.SG".contains($0) && !("a"..."z").contains($0) }) {
      throw UsageError("a layout has '#', '.', 'S', 'G' and letters a to z, got '\(odd)'")
    }
    for letter in ["S", "G"] as [Character] where !all.contains(letter) { throw UsageError("a layout wants a cell '\(letter)'") }
    let edge = cells[0] + cells[cells.count - 1] + cells.map { $0[0] } + cells.map { $0[width - 1] }
    guard edge.allSatisfy({ $0 == "#" }) else { throw UsageError("a layout wants walls all around") }
    checkpoints = Set(all.filter { ("a"..."z").contains($0) }).sorted()
    let reach = distances(to: ["G"])
    for cell in places(of: "S") + checkpoints.flatMap(places) where reach[cell.row][cell.column] == nil {
      throw UsageError("a layout wants a way to the goal from every start and checkpoint; there is none from '\(self[cell])'")
    }
  }

  struct Cell: Equatable {
    var row: Int
    var column: Int
  }

  subscript(cell: Cell) -> Character { cells[cell.row][cell.column] }

  func isWall(_ cell: Cell) -> Bool { cells.indices.contains(cell.row) && cells[0].indices.contains(cell.column) ? self[cell] == "#" : true }

  func cell(at place: SIMD2<Double>) -> Cell {
    Cell(row: rows - 1 - Int(place.y.rounded(.down)), column: Int(place.x.rounded(.down)))
  }

  func middle(of cell: Cell) -> SIMD2<Double> { SIMD2(Double(cell.column) + 0.5, Double(rows - 1 - cell.row) + 0.5) }

  func places(of character: Character) -> [Cell] {
    cells.indices.flatMap { row in cells[row].indices.filter { cells[row][$0] == character }.map { Cell(row: row, column: $0) } }
  }

  /// Of every cell, how many cells it is from the nearest that bears one of `characters`, by breadth first; cells that bear one of `closed` are
  /// no way. nil where none leads there.
  func distances(to characters: [Character], avoiding closed: [Character] = []) -> [[Int?]] {
    var distance = cells.map { [Int?](repeating: nil, count: $0.count) }
    var front = characters.flatMap(places)
    for cell in front { distance[cell.row][cell.column] = 0 }
    var steps = 0
    while !front.isEmpty {
      steps += 1
      var next: [Cell] = []
      for cell in front {
        for other in neighbours(of: cell) where distance[other.row][other.column] == nil && !closed.contains(self[other]) {
          distance[other.row][other.column] = steps
          next.append(other)
        }
      }
      front = next
    }
    return distance
  }

  /// The free cells beside one.
  func neighbours(of cell: Cell) -> [Cell] {
    [(-1, 0), (0, 1), (1, 0), (0, -1)].map { Cell(row: cell.row + $0.0, column: cell.column + $0.1) }.filter { !isWall($0) }
  }
}
