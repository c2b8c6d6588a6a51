import FoundationEssentials
import Files
import Testing

@testable import Runs

@Suite(.enabled(if: gnuplotIsThere)) struct FigureTests {
  static let x = (1...20).map(Double.init)
  static let square = x.map { $0 * $0 }

  static let figures: [(String, Figure)] = [
    ("line with band", Figure([.init("it's $x_1 {a}\n`b`", .line(x: x, y: square, low: x, high: square.map { $0 * 1.2 })), .init("", .line(x: x, y: x))])),
    ("scatter", Figure([.init("points", .scatter(x: x, y: square.map { $0 == 4 ? .nan : $0 }))])),
    ("trajectories", Figure([.init("paths", .trajectories([.init(x: x, y: x, colour: 1), .init(x: x, y: square, colour: 2), .init(x: square, y: x)]))])),
    ("image", Figure([.init("value", .image(rows: [[1, 2, 3], [4, .nan, 6]], x: 0...3, y: -1...1)), .init("path", .line(x: [0, 3], y: [-1, 1]))])),
  ]

  @Test(arguments: figures.map(\.0)) func drawsEveryKind(name: String) throws {
    var figure = try #require(Self.figures.first { $0.0 == name }?.1)
    (figure.title, figure.xLabel, figure.yLabel) = ("'a' `title` with \"quotes\" \\n 'x'", "steps", "return_mean^2")
    try withFolder { folder in
      try figure.write(to: folder + "/it's \"a\" picture.svg")
      let svg = try readText(folder + "/it's \"a\" picture.svg")
      #expect(svg.contains("<svg") && svg.contains("return_mean^2") && svg.contains("'a' `title` with \"quotes\" \\n 'x'"))
      try figure.write(to: folder + "/a.PNG")
      let png = try readBytes(folder + "/a.PNG")
      #expect(png.prefix(4) == [0x89, 0x50, 0x4e, 0x47] && png[16..<24] == [0, 0, 3, 32, 0, 0, 1, 244])  // 800 x 500
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
    }
    let text = try figure.text(width: 60, height: 20)
    #expect(text.contains("steps") && text.split(separator: "\n").allSatisfy { $0.count <= 60 })
  }

  @Test func logarithmicAxes() throws {
    var figure = Figure([.init("square", .line(x: Self.x, y: Self.square))])
    (figure.xLog, figure.yLog, figure.xRange) = (true, true, 1...100)
    #expect(try figure.text().contains("100"))
    figure.series[0].content = .line(x: [0, 1], y: [1, 1])
    #expect(message { _ = try figure.text() }.contains("logarithmic x axis wants positive numbers, 'square' has 0.0"))
  }

  @Test(arguments: [
    (Figure(), "at least one series"), (Figure([.init("a", .line(x: [1], y: []))]), "'a' has 1 x and 0 y"), (Figure([.init("a", .scatter(x: [.nan], y: [1]))]), "finite"),
    (Figure([.init("a", .line(x: [1], y: [1], low: [1]))]), "both low and high"), (Figure([.init("a", .line(x: [1], y: [1], low: [1], high: []))]), "1 x and 0 high"),
    (Figure([.init("a", .image(rows: [[1], []], x: 0...1, y: 0...1))]), "rows of one length, got lengths [0, 1]"),
  ])
  func saysWhatIsWrong(figure: Figure, wanted: String) { #expect(message { _ = try figure.text() }.contains(wanted)) }

  /// Each cell the mean of what falls into it, the lowest row at the bottom.
  @Test func imagesInCharacters() throws {
    var figure = Figure([.init("value", .image(rows: [[0, 9], [4, .nan]], x: 0...1, y: -1...1))])
    #expect(try figure.text() == "   +----+\n 1 |==??|\n-1 |  @@|\n   +----+\n   0    1\n   0 ' .:-=+*#%@' 9\n")
    figure.title = "t"
    figure.series[0].content = .image(rows: (0..<100).map { row in (0..<200).map { Double(row + $0) } }, x: 0...1, y: 0...1)
    let lines = try figure.text(width: 30, height: 12).split(separator: "\n")
    #expect(lines.count == 12 && lines.allSatisfy { $0.count <= 30 })
  }

  @Test func bars() throws {
    let figure = Figure([.init("", .bars(edges: [0, 1, 2, 4], heights: [1, 0, 3]))])
    let text = try figure.text(width: 40, height: 12)
    // The last bar is the tallest and takes half of the width, the middle one is nothing.
    let columns = text.split(separator: "\n").map { $0.count(where: { $0 == "*" }) }
    #expect((columns.max() ?? 0) > 15 && (columns.first ?? 0) > 10)
    #expect(message { _ = try Figure([.init("a", .bars(edges: [0, 1], heights: [1, 2]))]).text() } == "'a': 2 bars want 3 rising edges, got 2")
    #expect(message { _ = try Figure([.init("a", .bars(edges: [0, 0, 1], heights: [1, 2]))]).text() }.contains("rising edges"))
    try withFolder { folder in
      try figure.write(to: folder + "/bars.svg")
      #expect(try readText(folder + "/bars.svg").contains("<svg"))
    }
  }

  @Test(arguments: [
    ([1.0, 2, 3, 4, 5, 6, 7, 8], 8, "▁▂▃▄▅▆▇█"), ([1, 1, 8, 8], 2, "▁█"), ([5, 5], 9, "▄▄"), ([], 5, ""), ([.nan, 0, 1], 3, " ▁█"), ([-1e308, 1e308, 0], 3, "▁▄▁"),
  ])
  func sparkline(_ values: [Double], _ width: Int, _ text: String) { #expect(Sparkline.text(values, width: width) == text) }

  @Test func saysWhichEndingsItKnows() {
    #expect(message { try Figure([.init("a", .line(x: [1, 2], y: [1, 2]))]).write(to: "a.jpg") } == "a picture's name ends in .svg or .png, got 'a.jpg'")
  }
}

/// Pictures are tested where gnuplot is installed.
private let gnuplotIsThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/gnuplot")
