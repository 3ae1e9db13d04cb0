using System.Text;

namespace Palisade.ApiServer.Hosting;

/// <summary>The text of a kubeconfig for this server.</summary>
internal static class Kubeconfig
{
    public static string Text(string server, string caPem, string token) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: palisade
          cluster:
            server: {server}
            certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(caPem))}
        users:
        - name: palisade
          user:
            token: {token}
        contexts:
        - name: palisade
          context:
            cluster: palisade
            user: palisade
        current-context: palisade

        """;
}
