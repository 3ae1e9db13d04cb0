using System.Text.Json.Nodes;

namespace Palisade.ApiServer;

/// <summary>What a client asks to make of an object: before is null when it is new, after when it goes.</summary>
public sealed record ObjectChange(JsonObject? Before, JsonObject? After);

/// <summary>What is said to a change: warnings for who asked, and why it may not be; null: it may.</summary>
public sealed record AdmissionAnswer(IReadOnlyList<string> Warnings, string? Refusal);

/// <summary>
/// Looks at changes that clients ask for before they are made. A change is judged by what a dry run makes of it, while
/// no lock is held: another write may come between.
/// </summary>
/// <param name="Resources">The resources it looks at, as error texts name them.</param>
/// <param name="JudgeAsync">Judges a change; takes no longer than it wants the client to wait.</param>
public sealed record Admission(
    IReadOnlySet<string> Resources, Func<ObjectChange, CancellationToken, Task<AdmissionAnswer>> JudgeAsync);
