using Palisade.Nftables;

namespace Palisade.Dataplane.Reconcile;

/// <summary>What one apply did.</summary>
/// <param name="Transactions">Batches committed; 0 when the kernel already had the ruleset.</param>
/// <param name="Messages">Netlink messages sent in them.</param>
/// <param name="Replaced">The whole table was written, not a difference.</param>
public readonly record struct Applied(int Transactions, long Messages, bool Replaced)
{
    /// <summary>One after the other.</summary>
    public static Applied operator +(Applied one, Applied other) => new(
        one.Transactions + other.Transactions, one.Messages + other.Messages, one.Replaced || other.Replaced);
}

/// <summary>
/// Brings the kernel's table to a desired ruleset. At first, and after whatever failed, it reads what the kernel has
/// and writes the difference; then it is told changes. A change is one transaction; only where there was no table is it
/// built in chunks, base chains last. Whatever fails leaves the kernel with its last whole table. Not for several
/// threads at once.
/// </summary>
/// <param name="flags">
/// Owner and Persist: only the socket that it is used with may write the table. One without these flags (of an agent
/// before 0.2) is made anew in one transaction.
/// </param>
public sealed class Reconciler(TableFlags flags = TableFlags.None)
{
    /// <summary>Most messages in one batch of a cold start.</summary>
    public const int ChunkMessages = ChangeWriter.ChunkMessages;

    private TableFlags _flags = flags;
    private Ruleset? _applied;

    /// <summary>The generation of nf_tables at which the kernel was known to have it to the letter; null: unknown.
    /// </summary>
    private uint? _unchangedAt;

    /// <summary>
    /// The ruleset the kernel has, where whole rulesets are applied; null before the first success and after a failure.
    /// </summary>
    public Ruleset? Current => _applied;

    /// <summary>Whether changes may be told: the kernel had what was desired, and nothing failed since.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Whether the table that is there is, or will be, the socket's own.</summary>
    public bool Owns => (_flags & TableFlags.Owner) != 0;

    /// <summary>Largest transaction in bytes, for tests; otherwise what the socket can send.</summary>
    internal int? Largest { get; init; }

    /// <summary>Makes the kernel's table equal to a ruleset, and remembers that. Sends nothing when it is.</summary>
    /// <exception cref="NftablesException">The kernel refused; its table is what it was.</exception>
    public Applied Apply(NftSocket socket, Ruleset desired)
    {
        var before = _applied;
        if (before is null || !IsKnown)
        {
            var first = Converge(socket, desired);
            _applied = desired;
            return first;
        }

        var applied = RulesetDiff.Find(before, desired) is { } change
            ? Apply(socket, change)
            : Tell(socket, () => Replace(socket, desired));
        _applied = desired;
        return applied;
    }

    /// <summary>Writes a change of what the kernel has; nothing is sent where there is none.</summary>
    /// <exception cref="InvalidOperationException">What the kernel has is not known.</exception>
    /// <exception cref="NftablesException">The kernel refused; its table is what it was.</exception>
    public Applied Apply(NftSocket socket, TableChange change)
    {
        if (!IsKnown)
            throw new InvalidOperationException("what the kernel has is not known");
        return change.IsEmpty
            ? default
            : Tell(socket, () => Writer(socket).Change(Own(change.Table), change, adopt: false));
    }

    /// <summary>
    /// Reads the kernel's own state of the table, and writes the smallest difference to a ruleset, as one transaction;
    /// where no table is, all of it.
    /// </summary>
    /// <exception cref="NftablesException">The kernel refused; its table is what it was.</exception>
    public Applied Converge(NftSocket socket, Ruleset desired)
    {
        Forget();
        var began = socket.Generation();
        if (socket.Dump(desired.Table.Family, desired.Table.Name) is not { } kernel)
            return Known(socket, began, Writer(socket).Build(Own(desired.Table), Whole(desired)));
        var never = Owns && kernel.Table.Flags == TableFlags.None;   // ownership comes at creation only
        if (!never && RulesetDiff.Find(kernel, desired) is { } change)
        {
            var adopt = Owns && kernel.Table.OwnerPort != socket.Port;
            return Known(socket, began, Writer(socket).Change(Own(desired.Table), change, adopt));
        }

        try
        {
            return Known(socket, began, Replace(socket, desired));
        }
        catch (TransactionTooLargeException)
        {
            // Comments are for people. Neither they nor ownership are worth a moment without a table.
            if (RulesetDiff.Find(kernel, desired, withComments: false) is not { } rest)
                throw;
            if (never)
                _flags = TableFlags.None;
            return Known(socket, began, Writer(socket).Change(Own(desired.Table), rest, adopt: Owns));
        }
    }

    /// <summary>
    /// Whether the kernel has what was applied, to the letter: somebody may have flushed our chains, or restored an old
    /// copy of them. One small request while nobody changes any table; otherwise the table is read back. When it
    /// differs nothing is known any more, and the next apply reads and writes the difference.
    /// </summary>
    /// <exception cref="Nftables.Kernel.KernelException">The table cannot be read.</exception>
    public bool IsUnchanged(NftSocket socket)
    {
        if (_applied is not { } applied)
            return false;
        var generation = socket.Generation();
        if (generation == _unchangedAt)
            return true;
        var kernel = socket.Dump(applied.Table.Family, applied.Table.Name);
        if (kernel is not null && RulesetDiff.Find(kernel, applied) is { IsEmpty: true })
        {
            _unchangedAt = generation;
            return true;
        }

        Forget();
        return false;
    }

    /// <summary>
    /// Whether nobody else committed anything since the kernel was known to have what it should. One small request.
    /// </summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused to answer.</exception>
    public bool IsUntouched(NftSocket socket) => IsKnown && socket.Generation() == _unchangedAt;

    /// <summary>
    /// What was committed from one generation on to another were this agent's own changes of its other table, if they
    /// were all there were.
    /// </summary>
    public void Excuse(uint began, Applied others, uint ended)
    {
        if (_unchangedAt == began && ended == unchecked(began + (uint)others.Transactions))
            _unchangedAt = ended;
    }

    /// <summary>Deletes a table of that name, if there is one.</summary>
    /// <exception cref="NftablesException">The kernel refused.</exception>
    public Applied Remove(NftSocket socket, Table table)
    {
        Forget();
        if (socket.Dump(table.Family, table.Name) is null)
            return default;
        var transaction = new Transaction(table);
        transaction.DeleteTable();
        socket.Commit(transaction);
        return new(1, transaction.MessageCount, true);
    }

    /// <summary>Somebody may have changed the table: nothing is known of it until it is read.</summary>
    public void Forget() => (_applied, IsKnown, _unchangedAt) = (null, false, null);

    private Applied Tell(NftSocket socket, Func<Applied> write)
    {
        var (unchangedAt, began) = (_unchangedAt, socket.Generation());
        Forget();   // until the kernel has agreed nothing is known
        var applied = write();
        IsKnown = true;
        if (applied.Replaced || unchangedAt == began)
            Note(socket, began, applied);
        return applied;
    }

    private Applied Known(NftSocket socket, uint began, Applied applied)
    {
        IsKnown = true;
        Note(socket, began, applied);
        return applied;
    }

    /// <summary>Nobody else committed anything meanwhile, if the number tells just what was sent.</summary>
    private void Note(NftSocket socket, uint began, Applied applied)
    {
        var ended = socket.Generation();
        if (ended == unchecked(began + (uint)applied.Transactions))
            _unchangedAt = ended;
    }

    private Applied Replace(NftSocket socket, Ruleset desired) =>
        Writer(socket).Replace(Own(desired.Table), Whole(desired));

    private static TableChange Whole(Ruleset desired) => RulesetDiff.Find(new(desired.Table), desired)!;

    private Table Own(Table table) => table with { Flags = _flags };

    private ChangeWriter Writer(NftSocket socket) => new(socket, Largest ?? socket.LargestTransaction);
}
