import Environments
import Files
import LuaBridge
import Tensors

/// How large a picture is to be, in pixels.
struct PictureSize {
  var (width, height) = (640, 480)

  /// Out of `width` and `height` of a table.
  init(_ table: inout LuaTable) throws {
    width = try table.takeOptional("width") ?? width
    height = try table.takeOptional("height") ?? height
    guard (16...4096).contains(width), (16...4096).contains(height) else {
      throw UsageError("width and height want 16 to 4096 pixels, got \(width) and \(height)")
    }
  }
}

extension EnvironmentObject {
  /// What it looks like; of several, the one with this number.
  fileprivate func render(_ options: LuaTable?) throws -> Tensor {
    var table = options ?? LuaTable()
    let size = try PictureSize(&table)
    let index: Int = try table.takeOptional("index") ?? 1
    let file: String? = try table.takeOptional("file")
    try table.finish()
    guard (1...(count ?? 1)).contains(index) else { throw UsageError("index wants a number from 1 to \(count ?? 1), got \(index)") }
    if let file, !file.lowercased().hasSuffix(".png") { throw UsageError("a picture's file ends in .png, got '\(file)'") }
    let image =
      switch body {
      case .single(let environment): try environment.render(width: size.width, height: size.height)
      case .vector(let environments): try environments.render(index - 1, width: size.width, height: size.height)
      }
    if let file { try PNG.write(image.pixels, width: image.width, height: image.height, to: file) }
    return Tensor.filled([image.height, image.width, 3]) { target in
      for (place, value) in image.pixels.enumerated() { target[place] = Float(value) / 255 }
    }
  }
}

/// Environment:render.
func declareRendering(_ t: LuaType<EnvironmentObject>) {
  t.method("render", "(options?: {width: integer?, height: integer?, file: string?, index: integer?}) -> Tensor",
    "What it looks like now, [height, width, 3], red, green and blue from 0 to 1, the top row first; `file` writes it as a PNG too. The tasks of this program draw themselves, those of MuJoCo through the model's first camera, in software (Mesa's libOSMesa.so).") {
    (env: EnvironmentObject, options: LuaTable?) throws -> Tensor in try env.render(options)
  }
}
