using System.Buffers.Binary;

namespace Palisade.ApiServer.Storage;

/// <summary>
/// Looks over the write-ahead log that a crash has left, before SQLite does: SQLite takes the first frame with a wrong
/// checksum as the log's end, and what had been acknowledged behind it would be gone without a word.
/// </summary>
/// <remarks>
/// Every transaction is on the disk before the next begins to be written. So only the last one can have been torn by a
/// crash; a broken frame with a whole transaction and more behind it is damage. What was torn and what was damaged
/// within the last transaction cannot be told apart: there, the checksum says where the log ends.
/// https://sqlite.org/fileformat.html#the_write_ahead_log
/// </remarks>
internal static class WriteAheadLog
{
    private const int HeaderSize = 32;
    private const int FrameHeaderSize = 24;

    // The lowest bit says in which byte order the checksums were made.
    private const uint Magic = 0x377f0682;

    /// <summary>What is wrong with a log; null when it is whole, torn at its end, or not there.</summary>
    public static string? Damage(string file)
    {
        if (!File.Exists(file))
            return null;
        var log = File.ReadAllBytes(file);
        if (log.Length <= HeaderSize)
            return null;
        var magic = Word(log, 0);
        var big = (magic & 1) != 0;
        var sum = Sum(log.AsSpan(0, 24), big, (0, 0));
        // It reaches the disk before the first frame is written.
        if ((magic & ~1u) != Magic || sum != (Word(log, 24), Word(log, 28)))
            return "the beginning of its write-ahead log is not as it was written";
        var frameSize = FrameHeaderSize + (int)Word(log, 8);
        var end = FirstBroken(log, frameSize, big, sum);
        // A commit behind the break, and something behind that.
        var commit = Frames(log, frameSize, end).FirstOrDefault(at => Word(log, at + 4) != 0);
        return commit != 0 && Frames(log, frameSize, commit + frameSize).Any()
            ? $"its write-ahead log is broken at byte {end}, and more was written after that"
            : null;
    }

    private static int FirstBroken(byte[] log, int frameSize, bool big, (uint, uint) sum)
    {
        var at = HeaderSize;
        for (; at + frameSize <= log.Length; at += frameSize)
        {
            sum = Sum(log.AsSpan(at, 8), big, sum);
            sum = Sum(log.AsSpan(at + FrameHeaderSize, frameSize - FrameHeaderSize), big, sum);
            if (!IsOfThisLog(log, at) || sum != (Word(log, at + 16), Word(log, at + 20)))
                break;
        }

        return at;
    }

    // Those from there on that are not left over from before the log last began anew.
    private static IEnumerable<int> Frames(byte[] log, int frameSize, int from)
    {
        for (var at = from; at + frameSize <= log.Length; at += frameSize)
        {
            if (IsOfThisLog(log, at))
                yield return at;
        }
    }

    private static bool IsOfThisLog(byte[] log, int at) =>
        log.AsSpan(at + 8, 8).SequenceEqual(log.AsSpan(16, 8));

    private static (uint, uint) Sum(ReadOnlySpan<byte> bytes, bool big, (uint First, uint Second) sum)
    {
        unchecked
        {
            for (; bytes.Length >= 8; bytes = bytes[8..])
            {
                sum.First += Read(bytes, big) + sum.Second;
                sum.Second += Read(bytes[4..], big) + sum.First;
            }
        }

        return sum;
    }

    private static uint Read(ReadOnlySpan<byte> bytes, bool big) => big
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
        : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    // Everything but the checksummed words is big-endian.
    private static uint Word(byte[] log, int at) => BinaryPrimitives.ReadUInt32BigEndian(log.AsSpan(at));
}
