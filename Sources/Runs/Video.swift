import Files
import FoundationEssentials
import Glibc
import Tensors

/// A film of images in succession, written by ffmpeg, or, where there is none, a folder of them.
public struct Video {
  /// What became of it.
  public enum Outcome: Equatable, Sendable {
    case film(path: String)
    /// ffmpeg is not installed: the images are files of this folder.
    case frames(folder: String)
  }

  /// The endings that a film's name may have.
  public static let endings = ["mp4", "gif", "webm"]

  private let path: String
  private let framesPerSecond: Double
  /// Where the images wait, beside the film to come.
  private let folder: String
  public private(set) var count = 0

  /// `close` it in any case: that takes away the folder where the images wait.
  public init(_ path: String, framesPerSecond: Double) throws {
    guard Video.endings.contains(Video.ending(path)) else { throw UsageError("a film's name ends in .mp4, .gif or .webm, got '\(path)'") }
    guard framesPerSecond >= 0.1, framesPerSecond <= 1000 else { throw UsageError("fps wants 0.1 to 1000, got \(framesPerSecond)") }
    try FileGuard.check("write", path)
    var name = Array((path + ".tmp-XXXXXX").utf8CString)
    guard mkdtemp(&name) != nil else { throw UsageError("cannot write '\(path)': \(String(cString: strerror(errno)))") }
    folder = name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    (self.path, self.framesPerSecond) = (path, framesPerSecond)
  }

  /// One more image: the bytes of a PNG, all of one size.
  public mutating func append(_ image: [UInt8]) throws {
    count += 1
    try OutputFile.appending(to: Video.name(folder, count)).write(image)
  }

  /// Makes the film, whole or not at all.
  public func write() throws -> Outcome {
    guard count > 0 else { throw UsageError("a film wants at least one image") }
    guard try Command.run(["ffmpeg", "-version"]) != nil else {
      let place = String(path.dropLast(Video.ending(path).count + 1)) + "-frames"
      try AtomicFile.replaceFolder(place) { temporary in
        for number in 1...count { try FileManager.default.copyItem(atPath: Video.name(folder, number), toPath: Video.name(temporary, number)) }
      }
      return .frames(folder: place)
    }
    let form =
      switch Video.ending(path) {
      // Players want even sides, and colours in quarters of four pixels.
      case "mp4": ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mp4"]
      case "webm": ["-c:v", "libvpx-vp9", "-f", "webm"]
      default: ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse", "-f", "gif"]
      }
    try AtomicFile.replace(path) { temporary in
      let result = try Command.run(
        ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-framerate", "\(framesPerSecond)", "-i", folder + "/%06d.png"] + form + [temporary])
      guard let result, result.status == 0 else {
        try Interrupt.check()
        let complaint = result?.errors.trimmed ?? ""
        throw UsageError("ffmpeg could not write '\(path)': \(complaint.isEmpty ? "exit code \(result?.status ?? 0)" : complaint)")
      }
    }
    return .film(path: path)
  }

  /// Takes away what waits.
  public func close() throws { try FileManager.default.removeItem(atPath: folder) }

  private static func ending(_ path: String) -> String { path.split(separator: ".").last.map { $0.lowercased() } ?? "" }

  private static func name(_ folder: String, _ number: Int) -> String {
    let digits = String(number)
    return folder + "/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".png"
  }
}
