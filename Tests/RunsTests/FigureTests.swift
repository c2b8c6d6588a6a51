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
    (figure.title, figure.xLabel, figure.yLabel) = ("a 'title' with \"quotes\" \\n %", "steps", "return_mean^2")
    try withFolder { folder in
      try figure.write(to: folder + "/it's \"a\" picture.svg")
      let svg = try readText(folder + "/it's \"a\" picture.svg")
      #expect(svg.contains("<svg") && svg.contains("return_mean^2") && svg.contains("a 'title' with \"quotes\" \\n %"))
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

  @Test func imagesNeedAFile() {
    let figure = Figure([.init("value", .image(rows: [[1]], x: 0...1, y: 0...1))])
    #expect(message { _ = try figure.text() } == "an image is drawn into a file only: .svg or .png")
  }

  @Test func saysWhichEndingsItKnows() {
    #expect(message { try Figure([.init("a", .line(x: [1, 2], y: [1, 2]))]).write(to: "a.jpg") } == "a picture's name ends in .svg or .png, got 'a.jpg'")
  }
}

/// Pictures are tested where gnuplot is installed.
private let gnuplotIsThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/gnuplot")
