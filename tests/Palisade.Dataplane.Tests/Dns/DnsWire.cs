using System.Buffers.Binary;
using System.Text;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>Writes messages of the domain name system for tests; shares nothing with the reader.</summary>
internal static class DnsWire
{
    public const ushort A = 1;
    public const ushort Alias = 5;
    public const ushort Aaaa = 28;

    public sealed record Line(string Owner, ushort Type, uint Seconds, byte[] Content);

    public static Line Address(string owner, string address, uint seconds = 30)
    {
        var bytes = Policy.Sets.Address.Parse(address).ToBytes();
        return new(owner, bytes.Length == 4 ? A : Aaaa, seconds, bytes);
    }

    public static Line Cname(string owner, string target, uint seconds = 30) =>
        new(owner, Alias, seconds, Name(target));

    public static byte[] Query(ushort id, string name, ushort type = A) => Message(id, 0x0100, name, type, []);

    public static byte[] Answer(ushort id, string name, ushort type, params Line[] lines) =>
        Message(id, 0x8180, name, type, lines);

    public static byte[] Message(ushort id, ushort flags, string name, ushort type, params Line[] lines)
    {
        var bytes = new List<byte>();
        Put16(bytes, id, flags, 1, (ushort)lines.Length, 0, 0);
        bytes.AddRange(Name(name));
        Put16(bytes, type, 1);
        foreach (var line in lines)
        {
            if (line.Owner == name)
                Put16(bytes, 0xc00c);   // the question's name, as servers write it
            else
                bytes.AddRange(Name(line.Owner));
            Put16(bytes, line.Type, 1);
            var seconds = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(seconds, line.Seconds);
            bytes.AddRange(seconds);
            Put16(bytes, (ushort)line.Content.Length);
            bytes.AddRange(line.Content);
        }

        return [.. bytes];
    }

    /// <summary>Behind its length, as over TCP.</summary>
    public static byte[] Framed(byte[] message)
    {
        var bytes = new List<byte>();
        Put16(bytes, (ushort)message.Length);
        bytes.AddRange(message);
        return [.. bytes];
    }

    public static byte[] Name(string name)
    {
        var bytes = new List<byte>();
        foreach (var label in name.TrimEnd('.').Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.Latin1.GetBytes(label));
        }

        bytes.Add(0);
        return [.. bytes];
    }

    private static void Put16(List<byte> bytes, params ushort[] values)
    {
        foreach (var value in values)
            bytes.AddRange([(byte)(value >> 8), (byte)(value & 0xff)]);
    }
}
