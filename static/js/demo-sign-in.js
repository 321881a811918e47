// <demo-sign-in>: in the demo clinic only, a press fills the form above with that role's sign-in.
class DemoSignIn extends HTMLElement {
  connectedCallback() {
    for (const button of this.querySelectorAll("button[data-email]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        document.getElementById("id_login").value = button.dataset.email;
        document.getElementById("id_password").value = button.dataset.password;
        document.querySelector("form[data-sign-in]").requestSubmit();
      });
    }
  }
}

customElements.define("demo-sign-in", DemoSignIn);
