namespace Palisade.EndToEnd.Tests.Clients;

/// <summary>One row of docs/clients.md: what a client does, and what it must print.</summary>
/// <param name="Name">What the row is called.</param>
/// <param name="Script">
/// What a shell runs, in a folder of the session's own; $ns is the session's namespace, $group a group of its own.
/// </param>
/// <param name="Expect">What the output must match.</param>
internal sealed record ClientStep(string Name, string Script, string Expect);
