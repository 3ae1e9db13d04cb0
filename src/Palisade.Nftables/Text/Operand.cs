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
}
