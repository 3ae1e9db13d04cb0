using System.Numerics;
using System.Runtime.InteropServices;

namespace Palisade.ApiServer.Storage;

/// <summary>CRC-32C of what a row says.</summary>
internal static class RowSum
{
    public static long Of(Row row) =>
        Add(Add(Names(row.Resource, row.Namespace, row.Name), (ulong)row.Version), row.Json);

    public static long Of(UndoRow row)
    {
        var sum = Add(Names(row.Resource, row.Namespace, row.Name), (ulong)row.Version);
        sum = Add(sum, (ulong)row.At.ToUnixTimeMilliseconds());
        return Add(Add(sum, (ulong)row.BeforeVersion), row.Before);
    }

    private static uint Names(string resource, string ns, string name)
    {
        var sum = Add(uint.MaxValue, MemoryMarshal.AsBytes(resource.AsSpan()));
        sum = Add(sum, MemoryMarshal.AsBytes(ns.AsSpan()));
        return Add(sum, MemoryMarshal.AsBytes(name.AsSpan()));
    }

    private static uint Add(uint sum, ulong number) => BitOperations.Crc32C(sum, number);

    // The length first, so that bytes cannot move from one value to the next.
    private static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        sum = Add(sum, (ulong)bytes.Length);
        foreach (var eight in MemoryMarshal.Cast<byte, ulong>(bytes))
            sum = BitOperations.Crc32C(sum, eight);
        foreach (var one in bytes[(bytes.Length & ~7)..])
            sum = BitOperations.Crc32C(sum, one);
        return sum;
    }
}
