namespace Palisade.Nftables.Tests;

/// <summary>Tests that measure time or memory: no other test runs meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    internal const string Name = "alone";
}
