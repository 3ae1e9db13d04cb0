namespace Palisade.Nftables.Text;

/// <summary>What a register holds, as nft would name it.</summary>
/// <param name="Text">For example "ip saddr".</param>
/// <param name="Type">How values compared with it are printed.</param>
/// <param name="Length">Bytes of the whole field.</param>
internal sealed record Operand(string Text, FieldType Type, int Length)
{
    /// <summary>Bytes really loaded: fewer than Length when only a prefix of whole bytes is looked at.</summary>
    internal int LoadedBytes { get; init; } = Length;

    /// <summary>What it was ANDed with.</summary>
    internal NftKey? Mask { get; init; }

    /// <summary>What it was XORed with after the mask.</summary>
    internal NftKey? Xor { get; init; }

    /// <summary>A constant, whose type is known where it is used; Text is empty then.</summary>
    internal NftKey? Constant { get; init; }

    /// <summary>A number in the host's order without a type of its own (zone, numgen).</summary>
    internal bool IsHostNumber { get; init; }

    /// <summary>A value of this operand's type as nft prints it.</summary>
    internal string Format(ReadOnlySpan<byte> bytes)
    {
        if (!IsHostNumber)
            return FieldText.Format(Type, bytes);
        var number = bytes.ToArray();
        Array.Reverse(number);
        return FieldText.Format(FieldType.Integer, number);
    }
}
