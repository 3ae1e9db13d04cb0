namespace Palisade.Dataplane.Cut;

/// <summary>What one look at the connections did.</summary>
/// <param name="Seen">Connections that were looked at.</param>
/// <param name="Cut">Those that may carry nothing more from now on.</param>
/// <param name="Lifted">Those that may again.</param>
/// <param name="Offloaded">
/// Those that should be cut and whose packets bypass the hooks: as long as there are any, the node does not enforce.
/// </param>
/// <param name="Refused">Those that the kernel would not change, for another reason than that they ended.</param>
/// <param name="IsWhole">All connections were looked at, not those of some addresses.</param>
/// <param name="Took">How long it took.</param>
public readonly record struct CutPass(
    int Seen, int Cut, int Lifted, int Offloaded, int Refused, bool IsWhole, TimeSpan Took)
{
    /// <summary>
    /// The packets that those cut had carried, as conntrack counted them; one each where it does not count.
    /// </summary>
    public long CutPackets { get; init; }

    /// <summary>Whether nothing goes on that should not.</summary>
    public bool IsComplete => Offloaded + Refused == 0;
}
