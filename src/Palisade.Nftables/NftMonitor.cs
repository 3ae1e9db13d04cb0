using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables;

/// <summary>Kinds of things in a table.</summary>
public enum NftObject
{
    /// <summary>The table itself.</summary>
    Table,

    /// <summary>A chain.</summary>
    Chain,

    /// <summary>A rule; named by its chain.</summary>
    Rule,

    /// <summary>A set or map.</summary>
    Set,

    /// <summary>Elements; named by their set.</summary>
    Element,

    /// <summary>A counter or another named object.</summary>
    Object,

    /// <summary>A flow table.</summary>
    FlowTable,
}

/// <summary>Something that a transaction added, changed or deleted.</summary>
/// <param name="Family">The table's family.</param>
/// <param name="Table">The table's name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name; of rules the chain's, of elements the set's; null for the table itself.</param>
/// <param name="IsDeleted">Deleted; otherwise added or changed.</param>
public readonly record struct NftTouch(NftFamily Family, string Table, NftObject Kind, string? Name, bool IsDeleted);

/// <summary>One committed transaction of anyone.</summary>
/// <param name="Generation">The number of the state it made (see <see cref="NftSocket.Generation"/>).</param>
/// <param name="Port">The netlink port of the socket that sent it: <see cref="NftSocket.Port"/> where it was ours.
/// </param>
/// <param name="ProcessId">The thread that sent it, as the first process-id namespace numbers it; a program's only
/// thread has the number of its process.</param>
/// <param name="ProcessName">That thread's name, at most 15 bytes.</param>
/// <param name="Touched">What it touched, each once, in order; at most <see cref="NftMonitor.MaxTouched"/>.</param>
/// <param name="IsWhole">Whether Touched is all of it.</param>
public sealed record NftCommit(
    uint Generation, uint Port, int ProcessId, string ProcessName, ImmutableArray<NftTouch> Touched, bool IsWhole)
{
    /// <summary>
    /// Whether notifications were lost, so that nothing is known but that something may have changed: look.
    /// </summary>
    public bool IsLost { get; init; }

    /// <summary>Whether it touched the table, or may have.</summary>
    public bool Touches(Table table) =>
        !IsWhole || Touched.Any(touch => touch.Family == table.Family && touch.Table == table.Name);
}

/// <summary>Notifications of committed nf_tables transactions in the namespace of the thread that created it.</summary>
/// <remarks>
/// The kernel sends one message for each change of a transaction (NFT_MSG_NEW*, NFT_MSG_DEL*; header port: the
/// sender's), then NFT_MSG_NEWGEN { NFTA_GEN_ID (1) u32 · _PROC_PID (2) u32 · _PROC_NAME (3) string }.
/// Not notified (measured): a table that goes, or loses its owner, because its owner's socket closed.
/// Memory is bounded: messages by the receive buffer, a transaction by MaxTouched distinct things.
/// </remarks>
public sealed class NftMonitor : IDisposable
{
    /// <summary>How many things of one transaction are told apart.</summary>
    public const int MaxTouched = 1024;

    private const int GenericHeader = 4;
    private const uint Group = 1u << (7 - 1);   // NFNLGRP_NFTABLES
    private static readonly TimeSpan CancellationLatency = TimeSpan.FromMilliseconds(100);
    private readonly NetlinkSocket _socket;
    private readonly HashSet<NftTouch> _seen = [];
    private readonly List<NftTouch> _touched = [];
    private bool _isWhole = true;

    /// <summary>Subscribes; transactions committed from now on are reported.</summary>
    /// <param name="receiveBuffer">Bytes; unprivileged no more than net.core.rmem_max.</param>
    public NftMonitor(int receiveBuffer = 4 * 1024 * 1024)
    {
        _socket = new(NetlinkConstants.Netfilter, Group);
        _socket.EnsureReceiveBuffer(receiveBuffer);
    }

    /// <summary>The next transaction, or null when none came in time. A negative time waits for ever.</summary>
    public NftCommit? Read(TimeSpan timeout)
    {
        try
        {
            while (_socket.TryReceive(timeout, out var message))
            {
                if (message.Type == NftConstants.NewGeneration)
                    return Finish(message);
                Note(message);
            }

            return null;
        }
        catch (KernelException e) when (e.Errno == Errno.ENOBUFS)
        {
            Forget();
            _isWhole = false;   // the rest of the transaction that is being told is not all of it
            return new(0, 0, 0, "", [], IsWhole: false) { IsLost = true };
        }
    }

    /// <summary>All transactions until cancellation, read by a pool thread that blocks for short times.</summary>
    public async IAsyncEnumerable<NftCommit> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var next = Read(TimeSpan.Zero) ?? await Task.Run(() => Read(CancellationLatency), CancellationToken.None);
            if (next is not null)
                yield return next;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    internal static NftTouch? Decode(in NetlinkMessage message)
    {
        if (message.Type >> 8 != NftConstants.Subsystem || message.Payload.Length < GenericHeader)
            return null;
        if (KindOf((ushort)(message.Type & 0xff)) is not { } kind)
            return null;
        var nameAt = kind == NftObject.Chain ? 3 : 2;   // NFTA_CHAIN_NAME; of the others the second attribute
        string table = "", name = "";
        var reader = new AttributeReader(message.Payload.AsSpan(GenericHeader));
        while (reader.Next())
        {
            if (reader.Type == 1)
                table = reader.Text;
            else if (reader.Type == nameAt && kind != NftObject.Table)
                name = reader.Text;
        }

        var named = kind == NftObject.Table ? null : name;
        return new((NftFamily)message.Payload[0], table, kind, named, IsDeletion(message.Type));
    }

    private static NftObject? KindOf(ushort type) => type switch
    {
        0 or 2 => NftObject.Table,
        3 or 5 => NftObject.Chain,
        6 or 8 => NftObject.Rule,
        9 or 11 => NftObject.Set,
        12 or 14 => NftObject.Element,
        18 or 20 => NftObject.Object,
        22 or 24 => NftObject.FlowTable,
        _ => null,
    };

    private static bool IsDeletion(ushort type) => (type & 0xff) is 2 or 5 or 8 or 11 or 14 or 20 or 24;

    private void Note(in NetlinkMessage message)
    {
        if (Decode(message) is not { } touch || _seen.Contains(touch))
            return;
        if (_seen.Count >= MaxTouched)
        {
            _isWhole = false;
            return;
        }

        _seen.Add(touch);
        _touched.Add(touch);
    }

    private NftCommit Finish(in NetlinkMessage message)
    {
        uint generation = 0, process = 0;
        var name = "";
        var reader = new AttributeReader(message.Payload.AsSpan(Math.Min(GenericHeader, message.Payload.Length)));
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: generation = reader.Big32; break;
                case 2: process = reader.Big32; break;
                case 3: name = reader.Text; break;
            }
        }

        var commit = new NftCommit(
            generation, message.Port, unchecked((int)process), name, [.. _touched], _isWhole);
        Forget();
        return commit;
    }

    private void Forget()
    {
        _seen.Clear();
        _touched.Clear();
        _isWhole = true;
    }
}
