// Which characters look alike: what a reader takes for the same letter becomes the same letter.

/// Characters to what they are compared as: lower case, no accents, look-alikes of other scripts as the Latin letter.
///
/// A selection of Unicode Technical Standard 39 (confusables), for Latin, Greek and Cyrillic, full-width and mathematical
/// letters. Real Russian or Greek is folded in the same way in every copy, so nothing is lost by it.
struct FoldTable: Sendable {
    /// Code points below this are looked up, those above computed.
    static let looked = 0x530
    /// What stands for a character that is dropped.
    static let dropped: UInt32 = 0
    /// What a code point below `looked` becomes.
    private let table: [UInt16]

    /// Latin letters and what looks like them.
    private static let lookalikes: [(UInt8, String)] = [
        (UInt8(ascii: "a"), "ÀÁÂÃÄÅàáâãäåĀāĂăĄąǍǎǞǟǠǡǺǻȀȁȂȃȦȧАаΑαɑªÆæӐӑӒӓӔӕάΆ"),
        (UInt8(ascii: "b"), "ƀƁɓВвΒβЬьƂƃ"),
        (UInt8(ascii: "c"), "ÇçĆćĈĉĊċČčСсϹϲƇƈҪҫ¢"),
        (UInt8(ascii: "d"), "ĎďĐđÐðԀԁƊɗƋƌ"),
        (UInt8(ascii: "e"), "ÈÉÊËèéêëĒēĔĕĖėĘęĚěȄȅȆȇȨȩЕеЀѐЁёΕεέΈҼҽ€ЭэӖӗ"),
        (UInt8(ascii: "f"), "ƑƒϜϝ"),
        (UInt8(ascii: "g"), "ĜĝĞğĠġĢģǤǥǦǧǴǵɡԌԍ"),
        (UInt8(ascii: "h"), "ĤĥĦħȞȟНнΗҺһҢңҤҥ"),
        (UInt8(ascii: "i"), "ÌÍÎÏìíîïĨĩĪīĬĭĮįİıǏǐȈȉȊȋІіЇїΙιίϊΐΊΪ¡ӀӏǀɩΪ"),
        (UInt8(ascii: "j"), "ĴĵǰȷЈјϳ"),
        (UInt8(ascii: "k"), "ĶķĸǨǩКкΚκҚқҜҝЌќƘƙ"),
        (UInt8(ascii: "l"), "ĹĺĻļĽľĿŀŁłƚ£"),
        (UInt8(ascii: "m"), "МмΜϺϻӍӎ"),
        (UInt8(ascii: "n"), "ÑñŃńŅņŇňŉŊŋǸǹΝηήΉПпИиЙй"),
        (UInt8(ascii: "o"), "ÒÓÔÕÖØòóôõöøŌōŎŏŐőǑǒǪǫǬǭǾǿȌȍȎȏȪȫȬȭȮȯȰȱОоΟοόΌσΣΘθѲѳӦӧºŒœөӨ"),
        (UInt8(ascii: "p"), "РрΡρƤƥ"),
        (UInt8(ascii: "q"), "ԚԛɋɊ"),
        (UInt8(ascii: "r"), "ŔŕŖŗŘřȐȑȒȓгГ"),
        (UInt8(ascii: "s"), "ŚśŜŝŞşŠšȘșЅѕßſƧƨ§"),
        (UInt8(ascii: "t"), "ŢţŤťŦŧȚțТтΤτƬƭ"),
        (UInt8(ascii: "u"), "ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲųƯưǓǔǕǖǗǘǙǚǛǜȔȕȖȗμυύϋΰʋ"),
        (UInt8(ascii: "v"), "ΝνѴѵѶѷ"),
        (UInt8(ascii: "w"), "ŴŵԜԝωώΩΏШшЩщѠѡ"),
        (UInt8(ascii: "x"), "ХхΧχҲҳ×"),
        (UInt8(ascii: "y"), "ÝýÿŶŷŸȲȳУуΥγЎўҮүҰұӮӯ¥"),
        (UInt8(ascii: "z"), "ŹźŻżŽžΖƵƶȤȥ"),
        (UInt8(ascii: "0"), "²³¹¼½¾"),
        (UInt8(ascii: "'"), "´`’ʼʹ"),
        (UInt8(ascii: "\""), "«»"),
        (UInt8(ascii: "."), "·"),
    ]

    /// The table.
    init() {
        var table = (0..<UInt16(FoldTable.looked)).map { $0 }
        for code in 0..<0x80 { table[code] = FoldTable.ascii(UInt16(code)) }
        for code in 0x80..<0xA0 { table[code] = 0 }
        for code in 0x100..<0x180 where code % 2 == 0 { table[code] = UInt16(code + 1) }
        for code in 0x391...0x3A9 { table[code] = UInt16(code + 0x20) }
        for code in 0x400...0x40F { table[code] = UInt16(code + 0x50) }
        for code in 0x410...0x42F { table[code] = UInt16(code + 0x20) }
        for code in 0x460..<0x530 where code % 2 == 0 { table[code] = UInt16(code + 1) }
        for (letter, others) in FoldTable.lookalikes {
            for other in others.unicodeScalars where other.value < UInt32(FoldTable.looked) && other.value >= 0x80 {
                table[Int(other.value)] = UInt16(letter)
            }
        }
        table[0xA0] = 0x20
        table[0xAD] = 0
        for code in 0x300..<0x370 { table[code] = 0 }
        for code in 0x483..<0x48A { table[code] = 0 }
        self.table = table
    }

    /// An ASCII character: capitals to small letters, digits to 0, white space to a space, other controls dropped.
    private static func ascii(_ code: UInt16) -> UInt16 {
        switch code {
        case 0x41...0x5A: code + 0x20
        case 0x30...0x39: 0x30
        case 0x09...0x0D, 0x20: 0x20
        case 0..<0x20, 0x7F: 0
        default: code
        }
    }

    /// What an ASCII byte becomes.
    func ascii(_ byte: UInt8) -> UInt8 { UInt8(truncatingIfNeeded: table[Int(byte)]) }

    /// What a code point becomes, `dropped` for those without width.
    func folded(_ code: UInt32) -> UInt32 {
        if code < UInt32(FoldTable.looked) { return UInt32(table[Int(code)]) }
        switch code {
        case 0xFF01...0xFF5E: return UInt32(table[Int(code - 0xFEE0)])
        case 0x1D400...0x1D6A3: return 0x61 + (code - 0x1D400) % 26
        case 0x1D7CE...0x1D7FF: return 0x30
        case 0x1F130...0x1F149: return 0x61 + (code - 0x1F130)
        case 0x24B6...0x24CF: return 0x61 + (code - 0x24B6)
        case 0x24D0...0x24E9: return 0x61 + (code - 0x24D0)
        case 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: return 0x20
        case 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F,
            0x20D0...0x20FF, 0x3164, 0xFE00...0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9...0xFFFB, 0x1AB0...0x1AFF,
            0x1DC0...0x1DFF, 0xE0000...0xE0FFF:
            return FoldTable.dropped
        case 0x2010...0x2015, 0x2212: return 0x2D
        case 0x2018...0x201B: return 0x27
        case 0x201C...0x201F: return 0x22
        case 0x2022, 0x2024, 0x2026: return 0x2E
        case 0x1E00...0x1EFF: return FoldTable.vietnamese(code)
        case 0x212A: return 0x6B
        default: return code
        }
    }

    /// Latin letters with further marks, U+1E00 to U+1EFF: the base letter, by ranges.
    private static func vietnamese(_ code: UInt32) -> UInt32 {
        let letter: UInt8 =
            switch code {
            case 0x1E00...0x1E01, 0x1EA0...0x1EB7: UInt8(ascii: "a")
            case 0x1E02...0x1E07: UInt8(ascii: "b")
            case 0x1E08...0x1E09: UInt8(ascii: "c")
            case 0x1E0A...0x1E13: UInt8(ascii: "d")
            case 0x1E14...0x1E1D, 0x1EB8...0x1EC7: UInt8(ascii: "e")
            case 0x1E1E...0x1E1F: UInt8(ascii: "f")
            case 0x1E20...0x1E21: UInt8(ascii: "g")
            case 0x1E22...0x1E2B, 0x1E96: UInt8(ascii: "h")
            case 0x1E2C...0x1E2F, 0x1EC8...0x1ECB: UInt8(ascii: "i")
            case 0x1E30...0x1E35: UInt8(ascii: "k")
            case 0x1E36...0x1E3D: UInt8(ascii: "l")
            case 0x1E3E...0x1E43: UInt8(ascii: "m")
            case 0x1E44...0x1E4B: UInt8(ascii: "n")
            case 0x1E4C...0x1E53, 0x1ECC...0x1EE3: UInt8(ascii: "o")
            case 0x1E54...0x1E57: UInt8(ascii: "p")
            case 0x1E58...0x1E5F: UInt8(ascii: "r")
            case 0x1E60...0x1E69, 0x1E9B...0x1E9F: UInt8(ascii: "s")
            case 0x1E6A...0x1E71, 0x1E97: UInt8(ascii: "t")
            case 0x1E72...0x1E7B, 0x1EE4...0x1EF1: UInt8(ascii: "u")
            case 0x1E7C...0x1E7F: UInt8(ascii: "v")
            case 0x1E80...0x1E89, 0x1E98: UInt8(ascii: "w")
            case 0x1E8A...0x1E8D: UInt8(ascii: "x")
            case 0x1E8E...0x1E8F, 0x1E99, 0x1EF2...0x1EFF: UInt8(ascii: "y")
            default: UInt8(ascii: "z")
            }
        return UInt32(letter)
    }
}
