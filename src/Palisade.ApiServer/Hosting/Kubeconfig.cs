using System.Text;

namespace Palisade.ApiServer.Hosting;

/// <summary>The text of a kubeconfig for this server.</summary>
internal static class Kubeconfig
{
    /// <summary>For whoever has a bearer token.</summary>
    public static string Text(string server, string caPem, string token) =>
        Text(server, caPem, "palisade", $"token: {token}");

    /// <summary>For whoever has a client certificate.</summary>
    public static string Text(string server, string caPem, string user, (string Certificate, string Key) client) =>
        Text(
            server,
            caPem,
            user,
            $"client-certificate-data: {Base64(client.Certificate)}\n    client-key-data: {Base64(client.Key)}");

    private static string Text(string server, string caPem, string user, string credentials) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: palisade
          cluster:
            server: {server}
            certificate-authority-data: {Base64(caPem)}
        users:
        - name: {user}
          user:
            {credentials}
        contexts:
        - name: palisade
          context:
            cluster: palisade
            user: {user}
        current-context: palisade

        """;

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
