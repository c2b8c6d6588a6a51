import Files
import Runs
import Testing

@testable import Suites

/// The report as a browser shows it.
@Suite(.enabled(if: browser != nil, "Chromium is not installed (apt-get install chromium), so the report was not looked at in a browser"))
struct ReportBrowserTests {
  /// A page that looks into the report beside it, 420 pixels wide, and writes what it sees.
  private static let probe = """
    <!DOCTYPE html><meta name="color-scheme" content="light dark"><iframe id="page" src="report.html" width="420" height="900"></iframe><pre id="said"></pre><script>
    page.onload = () => {
      const inner = page.contentDocument, root = inner.documentElement, style = getComputedStyle(inner.body), pictures = [...inner.querySelectorAll("svg")]
      said.textContent = [matchMedia("(prefers-color-scheme: dark)").matches, style.backgroundColor, style.color, root.scrollWidth <= root.clientWidth,
        pictures.length, pictures.every(each => each.getBoundingClientRect().height > 100), inner.querySelectorAll("table").length].join(";")
    }
    </script>
    """
  /// A page that counts a screenshot's colours, and how much of it has the most frequent one.
  private static let counter = """
    <!DOCTYPE html><pre id="said"></pre><img id="shot" src="shot.png"><script>
    shot.onload = () => {
      const canvas = document.createElement("canvas"); canvas.width = shot.naturalWidth; canvas.height = shot.naturalHeight
      const pen = canvas.getContext("2d"); pen.drawImage(shot, 0, 0)
      const pixels = new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer), counts = new Map()
      for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1)
      said.textContent = [canvas.width, canvas.height, counts.size, Math.max(...counts.values()) / pixels.length, [...pen.getImageData(2, 2, 1, 1).data].join(" ")].join(";")
    }
    </script>
    """

  private func open(_ page: String, _ folder: String, _ words: [String]) throws -> (said: [String], errors: String) {
    let result = try #require(try Command.run(
      [browser ?? "", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files", "--enable-logging=stderr", "--virtual-time-budget=10000",
       "--user-data-dir=\(folder)/profile"] + words + ["file://\(folder)/\(page)"], input: ""))
    #expect(result.status == 0, "\(result.errors)")
    let text = String(decoding: result.output, as: UTF8.self)
    guard let said = text.firstMatch(of: /<pre id="said">([^<]*)</) else { return ([], result.errors) }
    return (said.1.split(separator: ";").map(String.init), result.errors)
  }

  /// Light and dark, on a phone and on a desk, without a word on the console.
  @Test(arguments: [(true, "rgb(21, 24, 28)", "21 24 28 255"), (false, "rgb(255, 255, 255)", "255 255 255 255")])
  func isReadable(isDark: Bool, background: String, pixel: String) throws {
    try withFolder { folder in
      let report = try Report(finishedStore(folder))
      try report.write(to: folder + "/page")
      let place = folder + "/page"
      try AtomicFile.write(Self.probe, to: place + "/probe.html")
      try AtomicFile.write(Self.counter, to: place + "/counter.html")
      let scheme = "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)"
      let seen = try open("probe.html", place, [scheme, "--dump-dom"])
      #expect(seen.said.count == 7 && seen.said[0] == "\(isDark)" && seen.said[1] == background && seen.said[2] != background, "\(seen)")
      #expect(seen.said.dropFirst(3) == ["true", "\(report.figures.count)", "true", "\(report.tables.count + 1)"], "\(seen.said)")
      #expect(!seen.errors.contains("CONSOLE"), "\(seen.errors)")
      for width in [1000, 420] {
        let shot = try open("report.html", place, [scheme, "--window-size=\(width),1400", "--screenshot=\(place)/shot.png"])
        #expect(!shot.errors.contains("CONSOLE"), "\(shot.errors)")
        let counted = try open("counter.html", place, ["--dump-dom"]).said
        #expect(counted.count == 5 && counted[0] == "\(width)" && counted[4] == pixel, "\(counted)")
        // Text and curves have many shades, and paper is most of a page but not all.
        #expect(try #require(Int(counted[2])) > 50 && (0.3...0.97).contains(#require(Double(counted[3]))), "\(counted)")
      }
    }
  }
}

/// The first that is installed.
private let browser = ["chromium", "chromium-browser", "google-chrome"].first { name in
  // A browser that cannot say its version is none.
  (try? Command.run([name, "--version", "--no-sandbox"], input: ""))??.status == 0
}
