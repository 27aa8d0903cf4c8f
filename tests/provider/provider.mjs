// An OpenID provider on loopback: node provider.mjs PORT CALLBACK AFTER_SIGN_OUT TOLD_OF_SIGN_OUT
// Whoever types a name is that account; the table below says what the provider tells of it.
import Provider from "oidc-provider";

const [port, callback, afterSignOut, toldOfSignOut] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const accounts = {
  ada: { email: "ada@studio.example", email_verified: true, name: "Ada L.", groups: [] },
  // Whoever can choose an address must not be let in by it.
  eve: { email: "eve@studio.example", email_verified: false, name: "Eve", groups: [] },
  max: { email: "max@elsewhere.example", email_verified: true, name: "Max", groups: [] },
  tex: { email: "tex@studio.example", email_verified: "true", name: "Tex", groups: [] },
  sub: { email: "sub@elsewhere.example", email_verified: true, name: "Sub", groups: ["/studio/artists"] },
  kim: { email: "kim@elsewhere.example", email_verified: true, name: "Kim", groups: "artists" },
  kay: { email: "kay@elsewhere.example", email_verified: true, name: "Kay", groups: ["/artists"] },
  lin: { email: "lin@elsewhere.example", email_verified: true, name: "Lin", groups: ["artists"] },
};

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "akin",
      client_secret: "secret-of-akin-at-the-provider",
      redirect_uris: [callback],
      post_logout_redirect_uris: [afterSignOut],
      backchannel_logout_uri: toldOfSignOut,
      backchannel_logout_session_required: true,
    },
  ],
  features: { backchannelLogout: { enabled: true } },
  // Without its dispatcher, which refuses loopback: Akin is there.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  pkce: { required: () => true },
  scopes: ["openid", "email", "profile", "groups"],
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name"],
    groups: ["groups"],
  },
  findAccount: (_context, id) =>
    accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
});

provider.listen(Number(port), "127.0.0.1", () => console.log(`listening at ${issuer}`));
