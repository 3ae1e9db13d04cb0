namespace Palisade.Dataplane.Proof.Kernel;

/// <summary>Bytes compared by what they are.</summary>
internal readonly struct ByteKey(byte[] bytes) : IEquatable<ByteKey>
{
    public byte[] Bytes { get; } = bytes;

    public bool Equals(ByteKey other) => Bytes.AsSpan().SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is ByteKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }
}
