namespace Palisade.Nftables.Expressions;

/// <summary>Register numbers: 1..4 are 16 bytes each, 8..23 the same 64 bytes as 4-byte words.</summary>
internal static class Registers
{
    /// <summary>
    /// The register that lies this many bytes behind the first, as nft numbers it (16-byte names where aligned).
    /// </summary>
    internal static uint After(int bytes) => bytes % 16 == 0 ? 1 + (uint)bytes / 16 : 8 + (uint)bytes / 4;
}
